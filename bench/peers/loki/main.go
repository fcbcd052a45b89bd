// Reads {"streams": …, "queries": …} as JSON lines from its input, answers each query of each line by the LogQL engine of
// Loki, and writes one JSON line for each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/grafana/dskit/user"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/grafana/loki/v3/pkg/iter"
	"github.com/grafana/loki/v3/pkg/logproto"
	"github.com/grafana/loki/v3/pkg/logql"
	"github.com/grafana/loki/v3/pkg/logqlmodel"
)

type entry struct {
	Time     int64             `json:"time"`
	Line     string            `json:"line"`
	Metadata map[string]string `json:"metadata"`
}

type stream struct {
	Labels  map[string]string `json:"labels"`
	Entries []entry           `json:"entries"`
}

type query struct {
	Text    string `json:"text"`
	Start   int64  `json:"start"`
	End     int64  `json:"end"`
	Step    int64  `json:"step"`
	Limit   uint32 `json:"limit"`
	Forward bool   `json:"forward"`
}

type question struct {
	Streams []stream `json:"streams"`
	Queries []query  `json:"queries"`
}

type source []stream

func matching(s source, matchers []*labels.Matcher) []stream {
	var found []stream
outer:
	for _, each := range s {
		for _, matcher := range matchers {
			if !matcher.Matches(each.Labels[matcher.Name]) {
				continue outer
			}
		}
		found = append(found, each)
	}
	return found
}

func (s source) SelectLogs(_ context.Context, req logql.SelectLogParams) (iter.EntryIterator, error) {
	expr, err := req.LogSelector()
	if err != nil {
		return nil, err
	}
	pipeline, err := expr.Pipeline()
	if err != nil {
		return nil, err
	}
	byLabels := map[string]*logproto.Stream{}
	for _, each := range matching(s, expr.Matchers()) {
		stage := pipeline.ForStream(labels.FromMap(each.Labels))
		for _, e := range each.Entries {
			if e.Time < req.Start.UnixNano() || e.Time >= req.End.UnixNano() {
				continue
			}
			line, out, ok := stage.Process(e.Time, []byte(e.Line), labels.FromMap(e.Metadata))
			if !ok {
				continue
			}
			name := out.String()
			if byLabels[name] == nil {
				byLabels[name] = &logproto.Stream{Labels: name}
			}
			byLabels[name].Entries = append(byLabels[name].Entries, logproto.Entry{Timestamp: time.Unix(0, e.Time), Line: string(line)})
		}
	}
	var iterators []iter.EntryIterator
	for _, each := range byLabels {
		it := iter.NewStreamIterator(*each)
		if req.Direction != logproto.FORWARD {
			if it, err = iter.NewEntryReversedIter(it); err != nil {
				return nil, err
			}
		}
		iterators = append(iterators, it)
	}
	return iter.NewSortEntryIterator(iterators, req.Direction), nil
}

func (s source) SelectSamples(_ context.Context, req logql.SelectSampleParams) (iter.SampleIterator, error) {
	selector, err := req.LogSelector()
	if err != nil {
		return nil, err
	}
	expr, err := req.Expr()
	if err != nil {
		return nil, err
	}
	extractors, err := expr.Extractors()
	if err != nil {
		return nil, err
	}
	byLabels := map[string]*logproto.Series{}
	hash := uint64(0)
	for _, extractor := range extractors {
		for _, each := range matching(s, selector.Matchers()) {
			stage := extractor.ForStream(labels.FromMap(each.Labels))
			for _, e := range each.Entries {
				samples, ok := stage.Process(e.Time, []byte(e.Line), labels.FromMap(e.Metadata))
				if !ok {
					continue
				}
				for _, sample := range samples {
					name := sample.Labels.String()
					if byLabels[name] == nil {
						byLabels[name] = &logproto.Series{Labels: name, StreamHash: sample.Labels.Hash()}
					}
					hash++
					byLabels[name].Samples = append(byLabels[name].Samples, logproto.Sample{Timestamp: e.Time, Value: sample.Value, Hash: hash})
				}
			}
		}
	}
	var series []logproto.Series
	for _, each := range byLabels {
		sort.SliceStable(each.Samples, func(i, j int) bool { return each.Samples[i].Timestamp < each.Samples[j].Timestamp })
		series = append(series, *each)
	}
	return iter.NewTimeRangedSampleIterator(iter.NewMultiSeriesIterator(series), req.Start.UnixNano(), req.End.UnixNano()+1), nil
}

func number(value float64) string {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return fmt.Sprint(value)
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

func asked(engine *logql.QueryEngine, q query) (answer map[string]any) {
	defer func() {
		if r := recover(); r != nil {
			answer = map[string]any{"error": fmt.Sprint("panic: ", r)}
		}
	}()
	direction := logproto.BACKWARD
	if q.Forward {
		direction = logproto.FORWARD
	}
	params, err := logql.NewLiteralParams(q.Text, time.Unix(0, q.Start), time.Unix(0, q.End), time.Duration(q.Step), 0, direction, q.Limit, nil, nil)
	if err != nil {
		return map[string]any{"error": err.Error(), "parse": true}
	}
	result, err := engine.Query(params).Exec(user.InjectOrgID(context.Background(), "fake"))
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	switch data := result.Data.(type) {
	case logqlmodel.Streams:
		rows := []any{}
		for _, each := range data {
			for _, e := range each.Entries {
				rows = append(rows, []any{each.Labels, e.Timestamp.UnixNano(), e.Line})
			}
		}
		return map[string]any{"lines": rows}
	case promql.Matrix:
		series := []any{}
		for _, each := range data {
			points := [][2]any{}
			for _, point := range each.Floats {
				points = append(points, [2]any{point.T, number(point.F)})
			}
			series = append(series, map[string]any{"labels": each.Metric.Map(), "points": points})
		}
		return map[string]any{"series": series}
	case promql.Vector:
		series := []any{}
		for _, each := range data {
			series = append(series, map[string]any{"labels": each.Metric.Map(), "points": [][2]any{{each.T, number(each.F)}}})
		}
		return map[string]any{"series": series}
	case promql.Scalar:
		return map[string]any{"scalar": number(data.V)}
	default:
		return map[string]any{"error": fmt.Sprintf("unknown answer %T", data)}
	}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(text, &q); err != nil {
			panic(err)
		}
		engine := logql.NewEngine(logql.EngineOpts{}, source(q.Streams), logql.NoLimits, nil)
		for _, each := range q.Queries {
			line, err := json.Marshal(asked(engine, each))
			if err != nil {
				line, _ = json.Marshal(map[string]any{"error": "not written: " + err.Error()})
			}
			out.Write(append(line, '\n'))
		}
		out.Flush()
	}
}
