/* shop.h -- a retailer's vocabulary for the tests of the checker: events, traits, segments, models as findings.md has them. */
#pragma once
#include "expr/expr.h"

#define FIELD(name, type) {STR_INIT(name), {.kind = type}}
#define OBJECT(list) {.kind = TYPE_OBJECT, .fields = list, .n_fields = COUNT(list)}

static const struct type_field line_fields[] = {FIELD("product_id", TYPE_TEXT), FIELD("name", TYPE_TEXT), FIELD("category", TYPE_TEXT),
    FIELD("price", TYPE_MONEY), FIELD("quantity", TYPE_NUMBER)};
static const struct type line_type = OBJECT(line_fields);
static const struct type_field child_fields[] = {FIELD("born", TYPE_TIME)};
static const struct type child_type = OBJECT(child_fields);
static const struct type text_type = {.kind = TYPE_TEXT};
static const struct type_field order_fields[] = {FIELD("order_id", TYPE_TEXT), FIELD("total", TYPE_MONEY), FIELD("coupon", TYPE_TEXT),
    {STR_INIT("products"), {.kind = TYPE_LIST, .item = &line_type}}};
static const struct type_field case_fields[] = {FIELD("case_id", TYPE_TEXT), FIELD("kind", TYPE_TEXT)};
static const struct type_field survey_fields[] = {FIELD("survey", TYPE_TEXT), FIELD("score", TYPE_NUMBER)};
static const struct event_type event_types[] = {{STR_INIT("Order Completed"), OBJECT(order_fields)}, {STR_INIT("Product Viewed"), OBJECT(line_fields)},
    {STR_INIT("Product Added"), OBJECT(line_fields)}, {STR_INIT("Support Case Opened"), OBJECT(case_fields)},
    {STR_INIT("Survey Answered"), OBJECT(survey_fields)}};
static const struct str tier_words[] = {STR_INIT("none"), STR_INIT("bronze"), STR_INIT("silver"), STR_INIT("gold")};
static const struct type_field trait_fields[] = {FIELD("country", TYPE_TEXT), FIELD("birthday", TYPE_TIME), FIELD("employee", TYPE_TRUTH),
    {STR_INIT("loyalty_tier"), {.kind = TYPE_WORDS, .words = tier_words, .n_words = COUNT(tier_words)}},
    {STR_INIT("children"), {.kind = TYPE_LIST, .item = &child_type}}};
static const struct type_field account_fields[] = {FIELD("plan", TYPE_TEXT), FIELD("contract_end", TYPE_TIME), FIELD("seats", TYPE_NUMBER)};
static const struct type_field preference_fields[] = {{STR_INIT("interests"), {.kind = TYPE_LIST, .item = &text_type}}};
static const struct type_field prediction_fields[] = {FIELD("no_order", TYPE_NUMBER), FIELD("value_365d", TYPE_MONEY)};
static const struct type_field product_fields[] = {FIELD("price", TYPE_MONEY), FIELD("stock", TYPE_NUMBER)};
static const struct type_field catalogue_kinds[] = {{STR_INIT("product"), OBJECT(product_fields)}};
static const struct str topic_names[] = {STR_INIT("newsletter")};
static const struct str segment_names[] = {STR_INIT("vip"), STR_INIT("customer")};
static const struct str journey_names[] = {STR_INIT("welcome")};
static const struct str retail_stages[] = {STR_INIT("reach"), STR_INIT("acquisition"), STR_INIT("loyalty")};
static const struct str race_stages[] = {STR_INIT("reach"), STR_INIT("act"), STR_INIT("convert"), STR_INIT("engage")};
static const struct str model_names[] = {STR_INIT("race"), STR_INIT("retail")};
static const struct str *const model_stages[] = {race_stages, retail_stages};
static const size_t model_sizes[] = {COUNT(race_stages), COUNT(retail_stages)};

static const struct vocabulary retail_words = {.events = event_types, .n_events = COUNT(event_types), .traits = OBJECT(trait_fields),
    .preferences = OBJECT(preference_fields), .predictions = OBJECT(prediction_fields), .topics = topic_names, .n_topics = COUNT(topic_names),
    .catalogue = catalogue_kinds, .n_catalogue = COUNT(catalogue_kinds), .segments = segment_names, .n_segments = COUNT(segment_names),
    .journeys = journey_names, .n_journeys = COUNT(journey_names), .models = model_names, .stages = model_stages, .n_stages = model_sizes,
    .n_models = COUNT(model_names), .primary_model = STR_INIT("race"), .currency = STR_INIT("EUR")};
