-- @global research.studies
CREATE TABLE IF NOT EXISTS research.studies
(
    study_id String CODEC(ZSTD(1)) COMMENT 'First 16 hexadecimal digits of the spec\'s SHA-256.',
    at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When it happened. Unit: us.',
    event Enum8('created' = 0, 'queued' = 1, 'driving' = 2, 'cancel_asked' = 3, 'cancelled' = 4, 'finished' = 5, 'stuck' = 6, 'tracked' = 7) COMMENT 'What happened.',
    kind LowCardinality(String) COMMENT 'The kind of study, such as walk_forward.',
    spec String CODEC(ZSTD(1)) COMMENT 'The canonical spec as JSON, with `created` alone.',
    detail String CODEC(ZSTD(1)) COMMENT 'What belongs to the event, as JSON.',
    host LowCardinality(String) COMMENT 'The machine that wrote it.',
    process UInt64 COMMENT 'The process that wrote it.'
)
ENGINE = MergeTree
ORDER BY (study_id, at, event)
COMMENT 'One row per event in the life of a study. A study\'s state is a fold of its events. `driving` rows are a driver\'s heartbeat.';

-- @global research.tasks
CREATE TABLE IF NOT EXISTS research.tasks
(
    study_id String CODEC(ZSTD(1)) COMMENT 'First 16 hexadecimal digits of the spec\'s SHA-256.',
    task UInt64 COMMENT 'Number of the task within the study, from 0.',
    at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When it happened. Unit: us.',
    event Enum8('failed' = 0, 'dead' = 1, 'retried' = 2) COMMENT 'What happened.',
    name String COMMENT 'What a person calls the task.',
    cause Enum8('raised' = 0, 'crashed' = 1) COMMENT 'Whether the task raised an error or its worker died under it.',
    detail String CODEC(ZSTD(1)) COMMENT 'The traceback, or how the worker died.',
    worker LowCardinality(String) COMMENT 'Where it ran.'
)
ENGINE = MergeTree
ORDER BY (study_id, task, at)
COMMENT 'One row per failed try of a task, and per task given up. A task without a result and without a `dead` row is still to be done. `retried` takes back a `dead` one.';

-- @global research.results
CREATE TABLE IF NOT EXISTS research.results
(
    study_id String CODEC(ZSTD(1)) COMMENT 'First 16 hexadecimal digits of the spec\'s SHA-256.',
    task UInt64 COMMENT 'Number of the task within the study, from 0.',
    name String COMMENT 'What a person calls the task.',
    sha256 String COMMENT 'Hash of the result, in hex.',
    result String CODEC(ZSTD(3)) COMMENT 'The result as canonical JSON.',
    seconds Float64 COMMENT 'How long the task took. Unit: s.',
    worker LowCardinality(String) COMMENT 'Where it ran.',
    at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When it landed. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (study_id, task)
COMMENT 'One row per result of a task.';
