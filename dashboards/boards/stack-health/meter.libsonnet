// The meter, and the age of the prices that it goes by.

local m = import '../../lib/metrics.libsonnet';
local p = import '../../lib/panels.libsonnet';
local q = import '../../lib/queries.libsonnet';
local tokens = import '../../lib/tokens.libsonnet';
local x = import 'expressions.libsonnet';

local units = tokens.units;
local noMeter = p.noValue('no meter in this time range');

function(config) {
  meterCalls:
    p.timeSeries(
      'Meter: spans and calls per minute',
      m.meterReceivedSpans.help + ' ' + m.meterCountedCalls.help,
      units.perMinute,
      [
        q.range('60 * ' + x.sum('', x.rate(m.meterReceivedSpans, '')), 'spans received'),
        q.range('60 * ' + x.sum('', x.rate(m.meterCountedCalls, '')), 'calls counted'),
      ]
    ) + noMeter,

  meterTrouble:
    p.timeSeries(
      'Meter: late, early, refused, lost',
      m.meterLateCalls.help + ' ' + m.meterDecidedEarly.help + ' ' + m.meterRefusedRequests.help + ' ' + m.meterLostEvents.help,
      units.number,
      [
        q.range(x.sum('', x.increase(counter[0], '', '$__rate_interval')), counter[1])
        for counter in [
          [m.meterLateCalls, 'late'],
          [m.meterDecidedEarly, 'early'],
          [m.meterRefusedRequests, 'refused'],
          [m.meterLostEvents, 'lost events'],
        ]
      ]
    ) + noMeter + p.runbook(config, 'MeterOverloaded'),

  meterWaiting:
    p.timeSeries(
      'Meter: waiting and undelivered',
      m.meterWaitingCalls.help + ' ' + m.meterUndeliveredEvents.help + ' The line is how many calls may wait.',
      units.number,
      [
        q.range('sum(%s)' % m.meterWaitingCalls.name, 'calls waiting'),
        q.range('sum(%s)' % m.meterUndeliveredEvents.name, 'events undelivered'),
      ]
    )
    + p.decimals(0)
    + noMeter
    + p.limits({ critical: config.meter.waiting }, quiet=tokens.colors.default)
    + p.lined
    + p.runbook(config, 'MeterOverloaded'),

  setAside:
    p.timeSeries(
      'Meter: files set aside',
      m.meterSetAsideFiles.help + ' By reason: corrupt, or of another version.',
      units.number,
      [q.range(x.sum('reason', x.increase(m.meterSetAsideFiles, '', '$__rate_interval')), '{{reason}}')]
    ) + p.decimals(0) + noMeter + p.runbook(config, 'TelemetryLost'),

  priceAge:
    p.timeSeries(
      'Age of the price list',
      m.priceAge.help + ' The oldest list that any process goes by; the line is the age from which prices count as stale.',
      units.seconds,
      [q.range('max(%s)' % m.priceAge.name, 'oldest')]
    )
    + p.noValue('unknown in this time range')
    + p.limits({ warning: 86400 * config.prices.max_age_days }, quiet=tokens.colors.default)
    + p.lined
    + p.runbook(config, 'StalePrices'),
}
