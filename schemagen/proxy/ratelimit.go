package proxy

import (
	"fmt"
	"sort"
	"strings"

	"portcullis/filter/table"
)

// RateLimit returns the configuration of envoyproxy/ratelimit for the limits of a
// table that the rate limit service of that name counts; "" where the table has one.
// The descriptors are those that the filter asks about (filter/FORMATS.md).
func RateLimit(t *table.Table, name string) (string, error) {
	service := uint32(0)
	var names []string
	for i := range t.NumServices() {
		s := t.Service(i)
		names = append(names, string(s.Name))
		if string(s.Name) == name || name == "" && t.NumServices() == 1 {
			service = i + 1
		}
	}
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("the table has no limits of a fleet, want some with scope: fleet")
	case service == 0:
		return "", fmt.Errorf("found the rate limit service %q, want one of %s", name, strings.Join(names, ", "))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# The limits of the rate limit service %s, for envoyproxy/ratelimit.\ndomain: %s\ndescriptors:\n", names[service-1], scalar(string(t.Service(service-1).Domain)))
	for _, rec := range fleetLimits(t, service) {
		writeLimit(&b, t, t.Limit(rec))
	}
	return b.String(), nil
}

// fleetLimits is the limits that operations carry and the service counts, by name.
func fleetLimits(t *table.Table, service uint32) (out []uint32) {
	seen := map[uint32]bool{}
	for i := range t.NumOps() {
		op := t.Op(i)
		for j := range op.NumLimits() {
			rec := op.LimitAt(j)
			if t.Limit(rec).Service == service && !seen[rec] {
				seen[rec] = true
				out = append(out, rec)
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return string(t.Limit(out[i]).Name) < string(t.Limit(out[j]).Name) })
	return out
}

func writeLimit(b *strings.Builder, t *table.Table, l table.Limit) {
	leaf := "caller"
	switch l.Key {
	case table.LimitByGroup:
		leaf = ""
	case table.LimitByOperation:
		leaf = "operation"
	}
	fmt.Fprintf(b, "- key: limit\n  value: %s\n", scalar(string(l.Name)))
	writeRate(b, "  ", leaf, l)
	for i := range l.Overrides.Count {
		fmt.Fprintf(b, "  - key: override\n    value: %s\n", scalar(fmt.Sprint(i)))
		writeRate(b, "    ", leaf, t.Limit(l.Overrides.Start+i))
	}
	for i := l.Plans.Start; i < l.Plans.End(); i++ {
		p := t.Limit(i)
		fmt.Fprintf(b, "- key: limit\n  value: %s\n", scalar(string(p.Name)))
		writeRate(b, "  ", leaf, p)
	}
}

// writeRate writes the rate of l, for each value of leaf where there is one.
func writeRate(b *strings.Builder, indent, leaf string, l table.Limit) {
	if leaf != "" {
		fmt.Fprintf(b, "%sdescriptors:\n%s- key: %s\n", indent, indent, leaf)
		indent += "  "
	}
	unit := map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day"}[l.WindowNanos/1e9]
	fmt.Fprintf(b, "%srate_limit: {unit: %s, requests_per_unit: %d}\n", indent, unit, l.Requests)
}

// scalar is a YAML scalar of a text.
func scalar(s string) string {
	q, err := quote(s)
	if err != nil {
		panic(err) // strings always are JSON
	}
	return q
}
