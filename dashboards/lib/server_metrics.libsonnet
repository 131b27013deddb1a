// The only spelling of the servers' own metric names: what the rules and the board about the stack are made of. What
// applications and the meter emit is in metrics.libsonnet.
//
// `labels` are those beside `job` and `instance`. `late` marks what exists only once it has happened: the first failure
// makes the series, and it does not begin at 0. A test compares all this with the real servers.

local described(type, name, unit, help, labels) = { name: name, type: type, unit: unit, help: help, labels: labels, late: false };
local counter(name, unit, help, labels=[]) = described('counter', name, unit, help, labels);
local gauge(name, unit, help, labels=[]) = described('gauge', name, unit, help, labels);
local histogram(name, unit, help, labels=[]) = described('histogram', name, unit, help, labels) {
  bucket: name + '_bucket',
  count: name + '_count',
  sum: name + '_sum',
};
local late = { late: true };
local lateEach(signals) = std.mapWithKey(function(_, metric) metric + late, signals);

// The collector counts each signal in a metric of its own.
local perSignal(name, help, labels) = {
  traces: counter(name % 'spans', 'short', help % 'Spans', labels),
  metrics: counter(name % 'metric_points', 'short', help % 'Points of metrics', labels),
  logs: counter(name % 'log_records', 'short', help % 'Log records', labels),
};

{
  // What Prometheus says of each target that it scrapes.
  target: {
    up: gauge('up', 'none', 'Whether the last scrape of a target succeeded.'),
    scrapeDuration: gauge('scrape_duration_seconds', 's', 'How long the last scrape of a target took.'),
    samples: gauge('scrape_samples_scraped', 'short', 'Samples in the last scrape of a target.'),
  },

  // This machine, seen by the collector: job="host". `used` and `free` are what df shows; `reserved` is for root.
  host: {
    fileSystem: gauge(
      'system_filesystem_usage_bytes',
      'bytes',
      'Bytes of a file system by state.',
      ['device', 'mode', 'mountpoint', 'state', 'type']
    ),
  },

  // job="collector"; Jaeger is a collector of another make and counts some of it, too: job="jaeger".
  collector: {
    local receiver = ['receiver', 'transport'],
    local exporter = ['exporter', 'server_address', 'server_port', 'url_path'],

    accepted: perSignal('otelcol_receiver_accepted_%s_total', '%s that a receiver took.', receiver),
    refused: perSignal(
      'otelcol_receiver_refused_%s_total', '%s that were turned away, since no queue took them; their sender tries again.', receiver
    ),
    failed: perSignal('otelcol_receiver_failed_%s_total', '%s that failed within the receiver itself.', receiver),
    sent: perSignal('otelcol_exporter_sent_%s_total', '%s that their store has.', exporter),
    // A batch that was refused is counted as a whole, also where the store took a part of it.
    sendFailed: lateEach(
      perSignal('otelcol_exporter_send_failed_%s_total', '%s that a store refused for good; they are gone.', exporter)
    ),
    enqueueFailed: lateEach(
      perSignal('otelcol_exporter_enqueue_failed_%s_total', '%s that found no room in the queue of their exporter.', ['exporter'])
    ),
    // A view in collector/otelcol.yaml makes it, from a histogram.
    offered: counter(
      'otelcol_exporter_offered_items_total',
      'short',
      'Records that were given to the queue of an exporter, also those it had no room for.',
      ['exporter']
    ),
    queueSize: gauge(
      'otelcol_exporter_queue_size', 'bytes', 'Bytes that wait on disk for their store.', ['data_type', 'exporter']
    ),
    queueCapacity: gauge(
      'otelcol_exporter_queue_capacity', 'bytes', 'Bytes that may wait for a store.', ['data_type', 'exporter']
    ),
    filteredPoints: counter(
      'otelcol_processor_filter_datapoints_filtered_total',
      'short',
      'Points of metrics left out: too old or too new, no numbers, or deltas.',
      ['filter']
    ),
    // filter/genai is no loss: it chooses what the meter is to see, beside the way to Jaeger.
    filteredSpans: counter(
      'otelcol_processor_filter_spans_filtered_total',
      'short',
      'Spans left out: larger than their store takes, or of no interest to the meter.',
      ['filter']
    ),
    uptime: counter('otelcol_process_uptime_seconds_total', 's', 'For how long the process has been running.'),
    memory: gauge('otelcol_process_memory_rss_bytes', 'bytes', 'Memory that the process holds.'),
  },

  // job="prometheus".
  prometheus: {
    series: gauge('prometheus_tsdb_head_series', 'short', 'Series in memory, about 4 KiB each.'),
    samples: counter('prometheus_tsdb_head_samples_appended_total', 'short', 'Samples stored.', ['type']),
    walSize: gauge('prometheus_tsdb_wal_storage_size_bytes', 'bytes', 'Size of the write-ahead log.'),
    walFailures: counter(
      'prometheus_tsdb_wal_writes_failed_total', 'short', 'Writes of the write-ahead log that failed; their samples are gone.'
    ),
    // What came out of order, as a backlog does, has a log of its own.
    lateFailures: counter(
      'prometheus_tsdb_out_of_order_wbl_writes_failed_total', 'short', 'Writes of the log of late samples that failed; they are gone.'
    ),
    corruptions: counter(
      'prometheus_tsdb_wal_corruptions_total', 'short', 'Times that the write-ahead log was cut off where it could not be read.'
    ),
    tooOld: counter('prometheus_tsdb_too_old_samples_total', 'short', 'Samples refused: older than the out-of-order window.', ['type']),
    outOfBound: counter('prometheus_tsdb_out_of_bound_samples_total', 'short', 'Samples refused: older than what is kept in memory.', ['type']),
    checkpointFailures: counter(
      'prometheus_tsdb_checkpoint_creations_failed_total', 'short', 'Times that the write-ahead log could not be shortened.'
    ),
    truncationFailures: counter(
      'prometheus_tsdb_head_truncations_failed_total', 'short', 'Times that what is in memory could not be moved to disk.'
    ),
    blocks: gauge('prometheus_tsdb_storage_blocks_bytes', 'bytes', 'Size of all blocks on disk.'),
    compactionFailures: counter('prometheus_tsdb_compactions_failed_total', 'short', 'Compactions that failed.'),
    evaluations: counter('prometheus_rule_evaluations_total', 'short', 'Evaluations of rules.', ['rule_group']),
    evaluationFailures: counter(
      'prometheus_rule_evaluation_failures_total', 'short', 'Evaluations of rules that failed.', ['rule_group']
    ),
    groupDuration: gauge(
      'prometheus_rule_group_last_duration_seconds', 's', 'How long the last evaluation of a group took.', ['rule_group']
    ),
    groupInterval: gauge(
      'prometheus_rule_group_interval_seconds', 's', 'How often a group is evaluated.', ['rule_group']
    ),
    iterationsMissed: counter(
      'prometheus_rule_group_iterations_missed_total', 'short', 'Evaluations left out, since the last one took too long.', ['rule_group']
    ),
    notificationsSent: counter(
      'prometheus_notifications_sent_total', 'short', 'Alerts sent to Alertmanager.', ['alertmanager']
    ),
    notificationErrors: counter(
      'prometheus_notifications_errors_total', 'short', 'Alerts whose sending to Alertmanager failed.', ['alertmanager']
    ),
    notificationsDropped: counter(
      'prometheus_notifications_dropped_total', 'short', 'Alerts that were never sent to Alertmanager.', ['alertmanager']
    ),
    reloaded: gauge('prometheus_config_last_reload_successful', 'none', 'Whether the last reload of the configuration succeeded.'),
  },

  // job="alertmanager". Only receivers that are configured.
  alertmanager: {
    local receiver = ['integration', 'receiver_name'],
    alerts: gauge('alertmanager_alerts', 'short', 'Alerts by state.', ['state']),
    silences: gauge('alertmanager_silences', 'short', 'Silences by state.', ['state']),
    received: counter('alertmanager_alerts_received_total', 'short', 'Alerts that came in, repetitions included.', ['status', 'version']),
    notifications: counter('alertmanager_notifications_total', 'short', 'Notifications that were to be sent.', receiver),
    notificationFailures: counter(
      'alertmanager_notifications_failed_total', 'short', 'Notifications that were not delivered.', receiver + ['reason']
    ),
    latency: histogram('alertmanager_notification_latency_seconds', 's', 'How long it took to deliver a notification.', receiver),
    reloaded: gauge('alertmanager_config_last_reload_successful', 'none', 'Whether the last reload of the configuration succeeded.'),
  },

  // job="loki". Its ruler is Prometheus' own, with other names.
  loki: {
    local group = ['rule_group', 'user'],
    local notified = ['alertmanager', 'user'],
    lines: counter(
      'loki_distributor_lines_received_total', 'short', 'Lines taken in.', ['format', 'is_internal_stream', 'tenant']
    ),
    bytes: counter(
      'loki_distributor_bytes_received_total',
      'bytes',
      'Bytes taken in.',
      ['format', 'is_internal_stream', 'retention_hours', 'tenant']
    ),
    discarded: counter(
      'loki_discarded_samples_total', 'short', 'Lines that Loki refused.', ['format', 'reason', 'retention_hours', 'tenant']
    ) + late,
    diskFull: counter(
      'loki_ingester_wal_disk_full_failures_total', 'short', 'Times that Loki stopped taking lines, since its disk was nearly full.'
    ),
    corruptions: counter(
      'loki_ingester_wal_corruptions_total', 'short', 'Parts of the write-ahead log that could not be read.', ['type']
    ) + late,
    flushFailures: counter('loki_ingester_chunks_flush_failures_total', 'short', 'Chunks that could not be written.'),
    checkpointFailures: counter(
      'loki_ingester_checkpoint_creations_failed_total', 'short', 'Times that the write-ahead log could not be shortened.'
    ),
    streams: gauge('loki_ingester_memory_streams', 'short', 'Streams in memory.', ['tenant']),
    evaluations: counter('loki_prometheus_rule_evaluations_total', 'short', 'Evaluations of rules over logs.', group),
    evaluationFailures: counter(
      'loki_prometheus_rule_evaluation_failures_total', 'short', 'Evaluations of rules over logs that failed.', group
    ),
    groupRules: gauge('loki_prometheus_rule_group_rules', 'short', 'Rules in a group.', group),
    groupDuration: gauge(
      'loki_prometheus_rule_group_last_duration_seconds', 's', 'How long the last evaluation of a group took.', group
    ),
    iterationsMissed: counter(
      'loki_prometheus_rule_group_iterations_missed_total', 'short', 'Evaluations left out, since the last one took too long.', group
    ),
    notificationsSent: counter('loki_prometheus_notifications_sent_total', 'short', 'Alerts sent to Alertmanager.', notified),
    notificationErrors: counter(
      'loki_prometheus_notifications_errors_total', 'short', 'Alerts whose sending to Alertmanager failed.', notified
    ),
    notificationsDropped: counter(
      'loki_prometheus_notifications_dropped_total', 'short', 'Alerts that were never sent to Alertmanager.', notified
    ),
  },

  // job="jaeger", beside what it counts as a collector.
  jaeger: {
    local store = ['kind', 'name', 'otel_scope_name', 'otel_scope_schema_url', 'otel_scope_version', 'role'],
    index: gauge('jaeger_storage_badger_size_bytes_lsm', 'bytes', 'Size of the index of all traces.', store),
    values: gauge('jaeger_storage_badger_size_bytes_vlog', 'bytes', 'Size of the files of all traces, as they are laid out.', store),
    requests: counter('jaeger_storage_requests_total', 'short', 'Searches of the store.', store + ['operation', 'result']),
    latency: histogram('jaeger_storage_latency_seconds', 's', 'How long a search of the store took.', store + ['operation', 'result']),
  },
}
