package dump

import (
	"strings"

	"portcullis/filter/table"
)

// responses writes what the operation may be answered with, where that is judged.
func (d *dumper) responses(op table.Op) {
	if op.ResponseMode() == 0 {
		return
	}
	d.printf("    responses %s", name(modes, op.ResponseMode()))
	for i := op.Responses().Start; i < op.Responses().End(); i++ {
		r := d.t.Response(i)
		from, to := r.Statuses()
		d.printf("      status %d to %d", from, to)
		for m := r.Media().Start; m < r.Media().End(); m++ {
			d.media(d.t.Media(m))
		}
		for p := r.Headers().Start; p < r.Headers().End(); p++ {
			d.param(d.t.Param(p))
		}
	}
}

// extra writes what few operations have.
func (d *dumper) extra(op uint32) {
	i := d.t.FindExtra(op)
	if i == table.NoIndex {
		return
	}
	x := d.t.Extra(i)
	if x.Origins().Len() > 0 {
		more := ""
		if x.Credentials() {
			more = " credentials"
		}
		if x.Limit() != table.NoIndex {
			more += " limit " + string(d.t.Limit(x.Limit()).Name)
		}
		d.printf("    cors origins %s headers %s max age %ds%s", list(x.Origins()), list(x.Headers()), x.MaxAge(), more)
	}
	for _, l := range []struct {
		what string
		n    table.Names
	}{{"content encodings", x.Encodings()}, {"upgrades", x.Upgrades()}} {
		if l.n.Len() > 0 {
			d.printf("    %s %s", l.what, strings.Trim(list(l.n), "[]"))
		}
	}
}
