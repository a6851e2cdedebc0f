package explain

import (
	"fmt"
	"strings"
	"time"

	"portcullis/filter/table"
)

// Limit is a rate, or with Concurrent a limit of requests in flight.
type Limit struct {
	Name            string
	Requests, Burst uint64
	Window          time.Duration
	Concurrent      uint32
	By, Scope, Mode string
	// More is what else there is to say of it, in words: what it counts, what requests
	// cost, and whose rate differs. It changes with each of these.
	More string
}

func limit(t *table.Table, l table.Limit) Limit {
	by := name(limitKeys, l.Key)
	if len(l.KeyName) > 0 {
		by += " " + string(l.KeyName)
	}
	return Limit{Name: string(l.Name), Requests: l.Requests, Burst: l.Burst, Window: time.Duration(l.WindowNanos), Concurrent: l.Concurrent, By: by,
		Scope: name(scopes, l.Scope), Mode: name(modes, l.Mode), More: strings.Join(limitMore(t, l), "; ")}
}

// onErrors is what happens without the service's word.
var onErrors = [...]string{"", "else refused", "else by this proxy's count alone", "else let through"}

func limitMore(t *table.Table, l table.Limit) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if l.Count == table.CountFailures {
		add("counts refused credentials alone")
	}
	switch l.Cost {
	case table.CostByHeader:
		add("costs what the header %s says", l.CostPath.At(0))
	case table.CostByClaim:
		add("costs what the claim %s says", pointer(l.CostPath))
	case table.CostByItems:
		add("costs the items of the body's %s", pointer(l.CostPath))
	default:
		if l.CostValue != 1 {
			add("each request costs %d", l.CostValue)
		}
	}
	if l.Service != 0 {
		s := t.Service(l.Service - 1)
		add("counted by the rate limit service %s in whole windows, asked within %v, %s", s.Name, time.Duration(s.DeadlineMillis)*time.Millisecond, onErrors[min(s.OnError, 3)])
	}
	rates := func(r table.Range, what string, show func([]byte) string) {
		for i := r.Start; i < r.End(); i++ {
			v := t.Limit(i)
			add("%s %s: %d in %v, %d at once", what, show(v.Match), v.Requests, time.Duration(v.WindowNanos), v.Burst)
		}
	}
	plan := "with the claim " + strings.TrimPrefix(pointer(l.PlanPath), "/")
	switch l.PlanBy {
	case table.LimitByHeader:
		plan = "with the header " + strings.TrimPrefix(pointer(l.PlanPath), "/")
	case table.LimitByConsumer:
		plan = "for consumers with the plan"
	}
	rates(l.Plans, plan, func(b []byte) string { return string(b) })
	rates(l.Overrides, "for", func(b []byte) string {
		if l.Key == table.LimitByAddress {
			return fmt.Sprintf("%x", b)
		}
		return string(b)
	})
	return out
}

// pointer is a JSON Pointer (RFC 6901) of member names.
func pointer(path table.Names) string {
	var b strings.Builder
	for i := range path.Len() {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(string(path.At(i))))
	}
	if b.Len() == 0 {
		return "root"
	}
	return b.String()
}

// Text says in a line what a limit allows.
func (l Limit) Text() string {
	text := fmt.Sprintf("%d in %v, %d at once, by %s (%s", l.Requests, l.Window, l.Burst, l.By, l.Name)
	if l.Concurrent != 0 {
		text = fmt.Sprintf("%d in flight, by %s (%s", l.Concurrent, l.By, l.Name)
	}
	switch l.Scope {
	case "proxy":
	case "fleet":
		text += ", of all proxies together"
	default:
		text += ", each " + l.Scope
	}
	if l.Mode != "enforce" {
		text += ", " + l.Mode
	}
	if l.More != "" {
		text += "; " + l.More
	}
	return text + ")"
}
