//go:build builtinassets

package ui

import "embed"

// EmbedFS holds our small page: prometheus' own web interface is built with npm and is not part of its Go module.
//
//go:embed static
var EmbedFS embed.FS
