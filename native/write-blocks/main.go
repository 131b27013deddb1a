// write-blocks fills a folder with TSDB blocks, as a Prometheus would have written them: benchmarks need a day of data in
// seconds, not in a day. It reads one series a line from standard input:
//
//	{"labels": {"__name__": "llm_requests_total", "job": "a"}, "from": 12, "by": 0.5}
//
// and writes a sample every -step seconds, from -start to -end (Unix seconds). The value starts at `from` and grows by
// `by` a second, give or take some noise that never makes it fall; with `by` 0 it is a gauge that wavers around `from`.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A block of a running Prometheus spans two hours; larger ones would need all of their samples in memory.
const blockSeconds = 2 * 60 * 60

type series struct {
	labels labels.Labels
	value  float64
	by     float64
	from   float64
	noise  uint64
}

// next returns the value `step` seconds on.
func (s *series) next(step int64) float64 {
	s.noise = s.noise*6364136223846793005 + 1442695040888963407 // Knuth, MMIX
	share := float64(s.noise>>40) / float64(1<<24)              // 0 to 1
	if s.by == 0 {
		return s.from * (0.9 + 0.2*share)
	}
	s.value += 2 * share * s.by * float64(step)
	return s.value
}

func read(input io.Reader) ([]*series, error) {
	var all []*series
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Labels map[string]string `json:"labels"`
			From   float64           `json:"from"`
			By     float64           `json:"by"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(all)+1, err)
		}
		all = append(all, &series{
			labels: labels.FromMap(line.Labels), value: line.From, from: line.From, by: line.By, noise: uint64(len(all)),
		})
	}
	return all, lines.Err()
}

func writeBlock(all []*series, folder string, start, end, step int64) error {
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), folder, blockSeconds*1000)
	if err != nil {
		return err
	}
	defer writer.Close()
	references := make([]storage.SeriesRef, len(all))
	for when := start; when < end; when += step {
		appender := writer.Appender(context.Background())
		for number, one := range all {
			references[number], err = appender.Append(references[number], one.labels, when*1000, one.next(step))
			if err != nil {
				return fmt.Errorf("%s at %d: %w", one.labels, when, err)
			}
		}
		if err := appender.Commit(); err != nil {
			return err
		}
	}
	_, err = writer.Flush(context.Background())
	return err
}

func run() error {
	folder := flag.String("dir", "", "where the blocks go: Prometheus' --storage.tsdb.path")
	start := flag.Int64("start", 0, "time of the first sample, in Unix seconds")
	end := flag.Int64("end", 0, "no sample at or after this time, in Unix seconds")
	step := flag.Int64("step", 60, "seconds between two samples of a series")
	flag.Parse()
	if *folder == "" || *start <= 0 || *end <= *start || *step <= 0 {
		flag.Usage()
		return fmt.Errorf("-dir, and 0 < -start < -end with a -step above 0, are needed")
	}
	all, err := read(os.Stdin)
	if err != nil {
		return err
	}
	for from := *start; from < *end; {
		to := min((from/blockSeconds+1)*blockSeconds, *end) // blocks never cross a border of theirs
		if err := writeBlock(all, *folder, from, to, *step); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d series, %d s of %d s\n", len(all), to-*start, *end-*start)
		from += (to - from + *step - 1) / *step * *step
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "write-blocks:", err)
		os.Exit(1)
	}
}
