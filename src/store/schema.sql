-- schema.sql -- everything that a workspace keeps, in one file, readable by anybody (`perennial sql DIR`).
--
-- Times are INTEGER milliseconds since 1970-01-01 UTC, money and other decimals INTEGER of 1/10000. The log (block,
-- block_index) is the truth, from its base on; every other table follows from it, save meta, name, source, base and plain.
-- Read the log through the virtual table `event`.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,            -- recover_from, base, base_at, fold_version, live, fence, hash_key, …
	value                            -- integer, text or bytes, as the key says
) WITHOUT ROWID;

-- ---------------------------------------------------------------- the log
CREATE TABLE block (
	first_seq INTEGER PRIMARY KEY,   -- place in the log of the block's first entry
	n INTEGER NOT NULL,              -- entries, at most 128
	codec INTEGER NOT NULL,          -- 0 plain, 1 LZ4; both after four bytes of raw length
	body BLOB NOT NULL               -- the entries' JSON texts, one after the other
);
CREATE TABLE block_index (
	first_seq INTEGER PRIMARY KEY,   -- as in block
	items BLOB NOT NULL              -- 48 bytes an entry (src/log/item.h)
);
CREATE TABLE name (
	id INTEGER PRIMARY KEY,          -- number in the items
	text TEXT NOT NULL               -- event name of a track, name of a page or screen
);
CREATE TABLE source (
	id INTEGER PRIMARY KEY,          -- number in the items
	text TEXT NOT NULL               -- write key or import that brought the entry
);

-- History that was handed in and is not folded yet (workspace_history_finish merges it by time); same form as the log.
CREATE TABLE staged (
	id INTEGER PRIMARY KEY,          -- order of arrival
	n INTEGER NOT NULL,              -- entries
	codec INTEGER NOT NULL,          -- as in block
	body BLOB NOT NULL,              -- as in block
	items BLOB NOT NULL              -- as in block_index; at, profile and prev are 0
);

-- Retention cuts the log's head. What the entries up to meta.base came to is the ground of every later fold; rows with another base
-- are of a cut that was not finished, or of the one before, and go.
CREATE TABLE base (
	base INTEGER NOT NULL,           -- entry up to which this is the state
	number INTEGER NOT NULL,         -- profile; 0 = the shared state
	forward INTEGER NOT NULL, last_entry INTEGER NOT NULL,   -- as in profile
	state BLOB NOT NULL,             -- as in profile, or as in shared
	PRIMARY KEY (base, number)
) WITHOUT ROWID;

-- ---------------------------------------------------------------- the snapshot
CREATE TABLE profile (
	number INTEGER PRIMARY KEY,      -- never used again
	as_of INTEGER NOT NULL,          -- the row contains every entry up to this one
	forward INTEGER NOT NULL,        -- merged into this profile; 0 = no
	user_id TEXT, email TEXT, phone TEXT, country TEXT, zone TEXT, locale TEXT,
	traits TEXT,                     -- JSON object
	anonymous_ids TEXT,              -- JSON array
	stages TEXT,                     -- JSON object: model → stage
	segments TEXT,                   -- JSON array of names
	consent TEXT,                    -- JSON object: channel → purpose → {granted, at, how}
	first_seen INTEGER, last_seen INTEGER,
	alarm INTEGER,                   -- when time alone may change something
	last_entry INTEGER NOT NULL,     -- latest entry about this person: the chain's end
	state BLOB                       -- what the fold needs beyond the columns
);
CREATE TABLE shared (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	position INTEGER NOT NULL,       -- entry that it stands for; equals meta.recover_from
	bytes BLOB NOT NULL              -- identity counters, suppressions, accounts, catalogue, rates, program version
);
-- Rows are written together with their profile's, so they are of its as_of.
CREATE TABLE enrolment (
	profile INTEGER NOT NULL,        -- whose
	enrolment INTEGER NOT NULL,      -- the profile's own counter
	journey TEXT NOT NULL, step TEXT, key TEXT,
	state TEXT NOT NULL,             -- waiting, sending, done, left, held_out, merged, stopped
	reason TEXT,
	entered INTEGER, changed INTEGER, due INTEGER,
	version INTEGER,                 -- of the journey's steps
	goal INTEGER NOT NULL,           -- 1 = reached
	goal_at INTEGER, goal_value INTEGER,
	PRIMARY KEY (profile, enrolment)
) WITHOUT ROWID;

-- ---------------------------------------------------------------- what was decided
-- The outbox: every intent, also those that may not go, with verdict and reason.
CREATE TABLE message (
	row INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,         -- 16 bytes: of (profile, enrolment, step, visit)
	profile INTEGER NOT NULL,        -- follows merges
	enrolment INTEGER NOT NULL, visit INTEGER NOT NULL,
	journey TEXT, step TEXT, activity TEXT,
	channel TEXT NOT NULL,           -- email, push, sms, …
	priority INTEGER NOT NULL,
	state TEXT NOT NULL,             -- waiting, ready, marked, accepted, deferred, rejected, withheld, expired, uncertain
	template TEXT, variant TEXT, purpose TEXT, topic TEXT, tags TEXT,
	value INTEGER,
	made INTEGER, due INTEGER, expires INTEGER, changed INTEGER,   -- expires NULL = never
	reason TEXT,                     -- why this state
	detail TEXT,                     -- rule, cap, the peer's reply
	address TEXT,                    -- once ready
	frozen TEXT,                     -- JSON: what the template reads, once ready
	tracked INTEGER NOT NULL,        -- 1 = opens and clicks may be tracked
	attempts INTEGER NOT NULL
);
CREATE INDEX message_open ON message (state) WHERE state IN ('ready', 'deferred', 'marked');
CREATE INDEX message_profile ON message (profile);
CREATE TABLE stage_move (
	id INTEGER PRIMARY KEY,
	profile INTEGER NOT NULL,
	model TEXT NOT NULL, from_stage TEXT, to_stage TEXT,   -- from NULL = stood nowhere
	at INTEGER NOT NULL,             -- when it became true
	seq INTEGER NOT NULL,            -- entry at hand; 0 = time alone
	reason TEXT
);
-- Who was touched by, or would have been eligible for, an activity on a day: the gap map counts these. Only ever appended, so that
-- a commit writes one page of it and not fifty; the same touch may stand here twice.
CREATE TABLE touch (
	day INTEGER NOT NULL,            -- days since 1970
	activity TEXT NOT NULL,          -- of the activity catalogue
	kind TEXT NOT NULL,              -- eligible, contactable, reached, elsewhere, held_out
	profile INTEGER NOT NULL
);
-- The data report: what could not be understood, counted.
CREATE TABLE report (
	text TEXT PRIMARY KEY,           -- the sentence
	code TEXT NOT NULL,              -- invalid, limit, …
	place TEXT,                      -- document or field
	n INTEGER NOT NULL,              -- how often
	first INTEGER NOT NULL, last INTEGER NOT NULL,
	seq INTEGER NOT NULL             -- latest entry that showed it
) WITHOUT ROWID;

-- ---------------------------------------------------------------- plain tables (not of the log): users, keys, plan board
CREATE TABLE plain (
	kind TEXT NOT NULL,              -- user, session, write_key, plan, not_applicable, …
	key TEXT NOT NULL,
	value TEXT NOT NULL,             -- JSON object
	changed INTEGER NOT NULL,
	PRIMARY KEY (kind, key)
) WITHOUT ROWID;
