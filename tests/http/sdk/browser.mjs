// Segment's analytics.js 2 in Debian's Chromium, on a page of another site than the server: URL, KEY, NODE in the environment.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
const require = createRequire(process.env.NODE + "/x.js");
const { chromium } = require("playwright-core");
const { URL: url, KEY: key, NODE: node } = process.env;
const host = url.replace("http://", ""), sdk = readFileSync(node + "/node_modules/@segment/analytics-next/dist/umd/index.js");
const log = { console: [], requests: [], sent: 0 };

const page_html = strategy => `<!doctype html><meta charset="utf-8"><title>Shop ${strategy}</title><script src="/sdk.js"></script><script>
const { AnalyticsBrowser } = window.AnalyticsNext || window;
window.ready = AnalyticsBrowser.load({ writeKey: "${key}", cdnSettings: { integrations: { "Segment.io": { apiKey: "${key}", apiHost: "${host}/v1", protocol: "http",
	deliveryStrategy: ${strategy === "batching" ? '{ strategy: "batching", config: { size: 5, timeout: 200 } }' : "undefined"} } } } },
	{ disableClientPersistence: false });
</script>`;
const site = createServer((request, answer) => {
	if (request.url === "/sdk.js") { answer.setHeader("Content-Type", "text/javascript"); answer.end(sdk); return; }
	answer.setHeader("Content-Type", "text/html");
	answer.end(page_html(request.url.includes("batching") ? "batching" : "standard"));
});
await new Promise(done => site.listen(0, "127.0.0.1", done));

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--no-first-run"] });
for (const strategy of ["standard", "batching"]) {
	const page = await (await browser.newContext()).newPage();
	page.on("console", m => log.console.push(m.text()));
	page.on("pageerror", e => log.console.push("error: " + e.message));
	page.on("response", r => r.url().startsWith(url) && log.requests.push(r.request().method() + " " + r.url().slice(url.length) + " " + r.status()));
	await page.goto(`http://localhost:${site.address().port}/${strategy}?utm_source=newsletter&utm_medium=email&utm_campaign=spring`);
	await page.evaluate(async strategy => {
		const [analytics] = await window.ready;
		await analytics.page("Home");
		for (let n = 0; n < 12; n++) await analytics.track("Browser " + strategy, { n, price: 9.5 });
		await analytics.identify("web-" + strategy, { email: strategy + "@shop.example", firstName: "Webb" });
		await analytics.track("Known " + strategy);
		await analytics.group("acme-" + strategy, { name: "Acme" });
	}, strategy);
	await page.waitForTimeout(1500);
	log.sent += 16;
	await page.close();
}
await browser.close();
site.close();
console.log(JSON.stringify(log));
process.exit(0);
