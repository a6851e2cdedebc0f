package lower

import (
	"slices"
	"strconv"
	"strings"

	"portcullis/schemagen/source"
)

// scope is a dynamic scope, reduced to what a dynamic reference can see of it:
// for each dynamic anchor the outermost resource that has it (JSON Schema
// 2020-12 section 8.2.3.2, 2019-09 section 8.2.4.2.1). Scopes with the same
// entries are the same pointer; nil is the empty one.
type scope struct {
	key     string
	anchors map[string]scopeEntry
}

type scopeEntry struct {
	node *source.Node // nil where the resource has the anchor twice
	res  *resource
}

// enter returns the scope within sc after r was entered.
func (l *Lowerer) enter(sc *scope, r *resource) *scope {
	fresh := false
	for name := range r.dynamic {
		if _, ok := sc.lookup(name); !ok {
			fresh = true
		}
	}
	if !fresh {
		return sc
	}
	anchors := map[string]scopeEntry{}
	if sc != nil {
		for name, e := range sc.anchors {
			anchors[name] = e
		}
	}
	for name, n := range r.dynamic {
		if _, ok := anchors[name]; !ok {
			anchors[name] = scopeEntry{n, r}
		}
	}
	key := scopeKey(anchors)
	if known := l.scopes[key]; known != nil {
		return known
	}
	made := &scope{key, anchors}
	l.scopes[key] = made
	return made
}

func (sc *scope) lookup(name string) (scopeEntry, bool) {
	if sc == nil {
		return scopeEntry{}, false
	}
	e, ok := sc.anchors[name]
	return e, ok
}

func scopeKey(anchors map[string]scopeEntry) string {
	parts := make([]string, 0, len(anchors))
	for name, e := range anchors {
		parts = append(parts, strconv.Itoa(e.res.id)+"#"+name)
	}
	slices.Sort(parts)
	return strings.Join(parts, "\x00")
}
