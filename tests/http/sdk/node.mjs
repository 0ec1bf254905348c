// Sends by Segment's and RudderStack's SDKs for Node: URL, KEY and NODE (a folder with node_modules) in the environment. Prints what it sent, as JSON.
import { createRequire } from "node:module";
const require = createRequire(process.env.NODE + "/x.js");
const { Analytics } = require("@segment/analytics-node");
const Rudder = require("@rudderstack/rudder-sdk-node");
const { URL: url, KEY: key } = process.env;
const sent = { segment: 0, rudder: 0, errors: [] };

const segment = new Analytics({ writeKey: key, host: url, flushAt: 15, flushInterval: 50 });
segment.on("error", e => sent.errors.push(String(e.code) + " " + String(e.reason)));
segment.identify({ userId: "seg-1", traits: { email: "ada@shop.example", firstName: "Ada", createdAt: new Date("2023-01-02T03:04:05Z"), address: { city: "London" } } });
segment.group({ userId: "seg-1", groupId: "acme", traits: { name: "Acme", employees: 40 } });
segment.page({ userId: "seg-1", name: "Home", properties: { url: "https://shop.example/?utm_source=news", path: "/" } });
segment.screen({ userId: "seg-1", name: "Start" });
segment.alias({ userId: "seg-1", previousId: "seg-0" });
for (let n = 0; n < 45; n++)
	segment.track({ userId: "seg-1", event: "Segment Node", properties: { n, price: 12.5, list: ["a", "b"], text: "Ünïcode – ☕" }, timestamp: new Date("2024-05-17T10:11:12.123Z") });
segment.track({ anonymousId: "seg-anon", event: "Segment Node Anonymous" });
sent.segment = 51;
await segment.closeAndFlush({ timeout: 10000 });

for (const gzip of [false, true]) {
	const rudder = new Rudder(key, { dataPlaneUrl: url, flushAt: 7, flushInterval: 50, gzip, errorHandler: e => sent.errors.push(String(e)) });
	const type = gzip ? "zipped" : "plain";
	rudder.identify({ userId: "rud-" + type, traits: { email: type + "@shop.example" } });
	for (let n = 0; n < 20; n++) rudder.track({ userId: "rud-" + type, event: "Rudder " + type, properties: { n } });
	await new Promise((done, failed) => rudder.flush(e => e ? failed(e) : done()));
	sent.rudder += 21;
}
await new Promise(done => setTimeout(done, 1000));
console.log(JSON.stringify(sent));
process.exit(0);
