package explain

import (
	"fmt"
	"io"
	"strings"

	"portcullis/filter/table"
)

// Allow is an expression that has to hold.
type Allow struct {
	Text    string `json:"expression"`
	Where   string `json:"from"` // file, line and column
	Message string `json:"message,omitempty"`
	Body    bool   `json:"needsBody"` // it is judged with the body
}

func allow(t *table.Table, op table.Op) *Allow {
	if op.Expr() == table.NoIndex {
		return nil
	}
	x := t.Expr(op.Expr())
	return &Allow{Text: string(x.Text()), Where: string(x.Where()), Message: string(x.Message()), Body: x.NeedsBody()}
}

func (a *Allow) write(w io.Writer) {
	if a == nil {
		return
	}
	when := "after the parameters, before the body is waited for"
	if a.Body {
		when = "with the body"
	}
	fmt.Fprintf(w, "  and only if  %s\n               (%s; %s)\n", strings.Join(strings.Fields(a.Text), " "), a.Where, when)
	if a.Message != "" {
		fmt.Fprintf(w, "               who may not is told: %s\n", a.Message)
	}
}
