// Everything a board makes its panels of.

(import 'kinds.libsonnet') + (import 'options.libsonnet') + (import 'grid.libsonnet')
