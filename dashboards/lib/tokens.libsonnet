// Colours and shapes that all boards share.

{
  colors: {
    default: '#5794f2',
    success: '#73bf69',
    warning: '#fade2a',
    critical: '#ff7383',
    muted: '#8e8e8e',
  },

  // The colour of a status, wherever one is drawn.
  status: {
    success: $.colors.success,
    'error': $.colors.critical,
    cancelled: $.colors.muted,
  },

  lines: {
    lineWidth: 1,
    fillOpacity: 10,
    showPoints: 'auto',
    lineInterpolation: 'linear',
    spanNulls: false,
  },

  units: {
    usd: 'currencyUSD',
    seconds: 's',
    percent: 'percent',
    share: 'percentunit',
    number: 'short',
    count: 'locale',  // 1,234: exact, where people count people
    text: 'string',
    perMinute: 'suffix:/min',
    perSecond: 'suffix:/s',
  },

  height: { key: 4, normal: 8, tall: 11 },
  text: { key: 32, bar: 16 },
  wholeAxis: 5,
  columns: 24,
  top: 10,  // of a list of the largest
  heatmapColumns: 60,
}
