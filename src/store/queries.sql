-- queries.sql -- every statement that the program itself runs on the writing connection and on its readers, by name.
-- `-- name: x` begins one; all are prepared when the writer opens, so a wrong one fails at the first start and in tests.

-- name: begin
BEGIN IMMEDIATE;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;

-- name: meta_get
SELECT value FROM meta WHERE key = ?1;
-- name: meta_set
INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
-- name: meta_delete
DELETE FROM meta WHERE key = ?1;

-- name: block_insert
INSERT INTO block (first_seq, n, codec, body) VALUES (?1, ?2, ?3, ?4);
-- name: block_index_insert
INSERT INTO block_index (first_seq, items) VALUES (?1, ?2);
-- name: block_update
UPDATE block SET n = ?2, codec = ?3, body = ?4 WHERE first_seq = ?1;
-- name: block_index_update
UPDATE block_index SET items = ?2 WHERE first_seq = ?1;
-- name: block_delete
DELETE FROM block WHERE first_seq > ?1 AND first_seq < ?2;
-- name: block_index_delete
DELETE FROM block_index WHERE first_seq > ?1 AND first_seq < ?2;
-- name: block_scan
SELECT b.first_seq, b.n, b.codec, b.body, i.items FROM block b JOIN block_index i ON i.first_seq = b.first_seq
WHERE b.first_seq >= ?1 ORDER BY b.first_seq;
-- name: block_at
SELECT b.first_seq, b.n, b.codec, b.body, i.items FROM block b JOIN block_index i ON i.first_seq = b.first_seq
WHERE b.first_seq <= ?1 ORDER BY b.first_seq DESC LIMIT 1;
-- name: block_body
SELECT codec, body FROM block WHERE first_seq = ?1;
-- name: block_last
SELECT first_seq, n FROM block ORDER BY first_seq DESC LIMIT 1;
-- name: block_heads
SELECT first_seq, n FROM block WHERE first_seq >= ?1 ORDER BY first_seq LIMIT 129;
-- name: index_scan
SELECT first_seq, items FROM block_index WHERE first_seq >= ?1 ORDER BY first_seq;
-- name: index_scan_back
SELECT first_seq, items FROM block_index ORDER BY first_seq DESC;
-- name: base_put
INSERT INTO base (base, number, forward, last_entry, state) VALUES (?1, ?2, ?3, ?4, ?5);
-- name: base_scan
SELECT number, forward, last_entry, state FROM base WHERE base = ?1 ORDER BY number;
-- name: base_clear_some
DELETE FROM base WHERE (base, number) IN (SELECT base, number FROM base WHERE base < ?1 UNION ALL SELECT base, number FROM base WHERE base > ?1
	LIMIT 256);
-- name: block_cut_some
DELETE FROM block WHERE first_seq IN (SELECT first_seq FROM block WHERE first_seq <= ?1 AND first_seq + n - 1 <= ?1 ORDER BY first_seq LIMIT 64);
-- name: block_index_cut_some
DELETE FROM block_index WHERE first_seq IN (SELECT first_seq FROM block_index WHERE first_seq <= ?1 AND
	first_seq + length(items) / 48 - 1 <= ?1 ORDER BY first_seq LIMIT 64);
-- name: name_insert
INSERT INTO name (id, text) VALUES (?1, ?2);
-- name: name_scan
SELECT id, text FROM name ORDER BY id;
-- name: source_insert
INSERT INTO source (id, text) VALUES (?1, ?2);
-- name: source_scan
SELECT id, text FROM source ORDER BY id;

-- name: staged_insert
INSERT INTO staged (n, codec, body, items) VALUES (?1, ?2, ?3, ?4);
-- name: staged_index_scan
SELECT id, n, items FROM staged ORDER BY id;
-- name: staged_at
SELECT n, codec, body, items FROM staged WHERE id = ?1;
-- name: staged_count
SELECT count(*), coalesce(sum(n), 0) FROM staged;
-- name: staged_clear_some
DELETE FROM staged WHERE id IN (SELECT id FROM staged WHERE id <= ?1 ORDER BY id LIMIT 64);

-- name: profile_put
INSERT OR REPLACE INTO profile (number, as_of, forward, user_id, email, phone, country, zone, locale, traits, anonymous_ids, stages,
	segments, consent, first_seen, last_seen, alarm, last_entry, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19);
-- name: profile_scan
SELECT number, as_of, forward, user_id, email, phone, country, zone, locale, traits, anonymous_ids, stages, segments, consent,
	first_seen, last_seen, alarm, last_entry, state FROM profile ORDER BY number;
-- name: profile_count
SELECT count(*), coalesce(max(number), 0) FROM profile;
-- name: profile_last_entry
SELECT last_entry FROM profile WHERE number = ?1;
-- name: profile_clear
DELETE FROM profile;
-- name: shared_put
INSERT INTO shared (id, position, bytes) VALUES (1, ?1, ?2)
ON CONFLICT (id) DO UPDATE SET position = excluded.position, bytes = excluded.bytes;
-- name: shared_get
SELECT position, bytes FROM shared WHERE id = 1;
-- name: enrolment_put
INSERT OR REPLACE INTO enrolment (profile, enrolment, journey, step, key, state, reason, entered, changed, due, version, goal, goal_at, goal_value)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14);
-- name: message_put
INSERT INTO message (id, profile, enrolment, visit, journey, step, activity, channel, priority, state, template, variant, purpose, topic,
	tags, value, made, due, expires, changed, reason, detail, address, frozen, tracked, attempts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)
ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, state = excluded.state, template = excluded.template,
	variant = excluded.variant, channel = excluded.channel, value = excluded.value, due = excluded.due, expires = excluded.expires,
	changed = excluded.changed, reason = excluded.reason, detail = excluded.detail, address = excluded.address,
	frozen = COALESCE(excluded.frozen, message.frozen), tracked = excluded.tracked, attempts = excluded.attempts;
-- name: message_get
SELECT id, profile, enrolment, visit, journey, step, activity, channel, priority, state, template, variant, purpose, topic, tags, value,
	made, due, expires, changed, reason, detail, address, frozen, tracked, attempts FROM message WHERE id = ?1;
-- name: message_open_scan
SELECT id, profile, channel, state, due, address FROM message WHERE state IN ('ready', 'deferred', 'marked');
-- name: stage_move_insert
INSERT INTO stage_move (profile, model, from_stage, to_stage, at, seq, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);
-- name: touch_insert
INSERT INTO touch (day, activity, kind, profile) VALUES (?1, ?2, ?3, ?4);
-- name: report_add
INSERT INTO report (text, code, place, n, first, last, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
ON CONFLICT (text) DO UPDATE SET n = n + excluded.n, last = excluded.last, seq = excluded.seq;

-- name: plain_put
INSERT OR REPLACE INTO plain (kind, key, value, changed) VALUES (?1, ?2, ?3, ?4);
-- name: plain_delete
DELETE FROM plain WHERE kind = ?1 AND key = ?2;
-- name: plain_get
SELECT value FROM plain WHERE kind = ?1 AND key = ?2;
-- name: plain_scan
SELECT key, value, changed FROM plain WHERE kind = ?1 ORDER BY key;

-- What an erasure takes out of the tables; of the log, the bodies along the person's chain. A row's frame stays.
-- name: erase_message
UPDATE message SET address = NULL, frozen = NULL, detail = NULL WHERE profile = ?1;
-- name: erase_enrolment
UPDATE enrolment SET key = NULL, reason = NULL WHERE profile = ?1;
-- name: erase_base
DELETE FROM base WHERE base = (SELECT value FROM meta WHERE key = 'base') AND number = ?1;
-- name: erase_report
DELETE FROM report WHERE ?1 = ?1;
