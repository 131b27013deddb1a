// What can be added to a panel: `p.stat(…) + p.decimals(1)`.

local tokens = import 'tokens.libsonnet';

{
  local options = self,

  stacked:: {
    fieldConfig+: { defaults+: { custom+: { fillOpacity: 60, stacking: { mode: 'normal', group: 'A' } } } },
  },

  // Each status in its own colour.
  byStatus:: {
    fieldConfig+: {
      overrides+: [
        {
          matcher: { id: 'byName', options: status },
          properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: tokens.status[status] } }],
        }
        for status in std.objectFields(tokens.status)
      ],
    },
  },

  // What the series without the label is called; Grafana would say "Value".
  unnamed(text):: {
    fieldConfig+: {
      overrides+: [{
        matcher: { id: 'byRegexp', options: '/^(Value.*|)$/' },
        properties: [{ id: 'displayName', value: text }],
      }],
    },
  },

  // Limits of our own, in the colours of their tiers: {warning: 80, critical: 100}.
  limits(tiers, quiet=tokens.colors.success):: {
    local step(tier) = if std.get(tiers, tier) == null then [] else [{ color: tokens.colors[tier], value: tiers[tier] }],
    fieldConfig+: {
      defaults+: {
        thresholds: {
          mode: 'absolute',
          steps: [{ color: quiet, value: null }] + step('warning') + step('critical'),
        },
      },
    },
  },

  // The thresholds of an alert, and the way to its runbook.
  alert(config, name, quiet=tokens.colors.success)::
    options.limits(config.alerts[name], quiet) + options.runbook(config, name),

  runbook(config, name):: options.link('Runbook: ' + name, config.links.runbooks + '/' + name),

  // The same in a graph: lines at the thresholds.
  alertLines(config, name):: options.alert(config, name, quiet=tokens.colors.default) + options.lined,
  lined:: { fieldConfig+: { defaults+: { custom+: { thresholdsStyle: { mode: 'dashed' } } } } },

  // Room for the thresholds of an alert, also while all is well.
  roomFor(config, name)::
    local tiers = std.prune([config.alerts[name].warning, config.alerts[name].critical]);
    options.room(1.5 * std.foldl(std.max, tiers, 0)),
  room(upTo):: { fieldConfig+: { defaults+: { custom+: { axisSoftMax: upTo } } } },

  // Percent of something that can be full: the whole height of the graph.
  ofHundred:: { fieldConfig+: { defaults+: { max: 100 } } },

  decimals(count):: { fieldConfig+: { defaults+: { decimals: count } } },

  // What to write where there is nothing to show: rarely a fault, and "No data" looks like one.
  noValue(text):: { fieldConfig+: { defaults+: { noValue: text } } },

  link(title, url):: { links+: [{ title: title, url: url, targetBlank: true }] },

  // Where a click on a series or a bar leads. `url` may use its labels: ${__field.labels.model}.
  dataLink(title, url):: { fieldConfig+: { defaults+: { links+: [{ title: title, url: url, targetBlank: false }] } } },
}
