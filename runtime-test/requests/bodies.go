package requests

import (
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// boundary divides multipart bodies. Plain texts do not hold it.
const boundary = "zz-divider-zz"

// write is the text of the body of d, and its content type.
func (d *draft) write() (text, contentType string) {
	contentType = concrete(d.media.Range)
	switch d.media.Kind {
	case ir.BodyForm:
		fields, _ := form(d.media, d.body) // drafts hold what can be written
		return strings.Join(fields, "&"), contentType
	case ir.BodyMultipart:
		text, _ = multipart(d.media, d.body)
		return text, contentType + "; boundary=" + boundary
	case ir.BodyText, ir.BodyBinary:
		text, _ = scalar(d.body)
		return text, contentType
	case ir.BodyNDJSON:
		return sequence(d.media, d.body), contentType
	}
	return jsonText(d.body), contentType
}

// multipart writes v as multipart/form-data: scalars as texts, objects as JSON,
// arrays as parts of one name (RFC 7578, OpenAPI 3.1.2 section 4.8.15).
func multipart(media *ir.Media, v *source.Node) (string, error) {
	if v.Kind != source.Object || len(v.Items) == 0 {
		return "", cannot("a multipart body that is no object, or empty")
	}
	var b strings.Builder
	for i, item := range v.Items {
		name := v.Keys[i].Name
		if !isPlain(name) || strings.ContainsAny(name, "\"\\[]") || name == "" {
			return "", cannot("a part with a name that has to be encoded")
		}
		f := field(media, name)
		if f != nil && (f.Style != 0 || slices.ContainsFunc(f.Headers, func(p *ir.Param) bool { return p.Required })) {
			return "", cannot("a part with a style or header fields of its own")
		}
		parts := []*source.Node{item}
		if item.Kind == source.Array {
			if parts = item.Items; len(parts) == 0 {
				return "", cannot("a part that is an empty array")
			}
		}
		for _, p := range parts {
			text, typ, err := part(f, p)
			if err != nil {
				return "", err
			}
			b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n")
			if typ != "" {
				b.WriteString("Content-Type: " + typ + "\r\n")
			}
			b.WriteString("\r\n" + text + "\r\n")
		}
	}
	return b.String() + "--" + boundary + "--\r\n", nil
}

// part is the text of one part, and its content type where there is one.
func part(f *ir.Field, v *source.Node) (text, typ string, err error) {
	if f != nil && len(f.ContentTypes) > 0 {
		typ = concrete(f.ContentTypes[0])
	}
	json := typ == "application/json" || strings.HasSuffix(typ, "+json")
	text, isScalar := scalar(v)
	switch {
	case v.Kind == source.Object && (typ == "" || json):
		if typ == "" {
			typ = "application/json"
		}
		return jsonText(v), typ, nil
	case json:
		return jsonText(v), typ, nil
	case !isScalar:
		return "", "", cannot("a part that is an array in an array, null, or of another type than JSON")
	case typ != "" && !strings.HasPrefix(typ, "text/") && v.Kind != source.String:
		return "", "", cannot("a part of bytes that is no string")
	case text == "null" || !isPlain(text):
		return "", "", cannot("a part whose text can be read in several ways")
	}
	return text, typ, nil
}

// sequence writes the items of v one behind the other: a line each, or each behind a
// record separator (RFC 7464).
func sequence(media *ir.Media, v *source.Node) string {
	before := ""
	if strings.HasSuffix(media.Range, "json-seq") {
		before = "\x1e"
	}
	var b strings.Builder
	for _, item := range v.Items {
		b.WriteString(before + jsonText(item) + "\n")
	}
	return b.String()
}

// otherBody makes a body that is neither JSON nor a form.
func (m *maker) otherBody(d *draft, media *ir.Media) error {
	if media.Kind == ir.BodyNDJSON {
		return m.sequenceBody(d, media)
	}
	var last error = cannot("a body without an easy value")
	for range 40 {
		g := &generator{Rand: m.rand, goals: d.goals, plain: true}
		v := str(g.word(1, 8))
		if media.Schema != nil {
			var err error
			if v, err = g.value([]*ir.Schema{media.Schema}, 0); err != nil {
				last = err
				continue
			}
		} else if media.Kind == ir.BodyMultipart {
			v = &source.Node{Kind: source.Object}
			set(v, "a", str(g.word(1, 8)))
		}
		if err := m.writable(media, v); err != nil {
			last = err
			continue
		}
		valid, sure := m.judge.valid(media.Schema, v)
		switch {
		case !sure:
			last = cannot("a pattern that is too hard")
		case valid:
			d.media, d.body = media, v
			return nil
		}
	}
	return last
}

// writable reports whether v can be written as a body of media. Members of a
// multipart body that can't go, if they may.
func (m *maker) writable(media *ir.Media, v *source.Node) error {
	if media.Kind == ir.BodyMultipart {
		for i := len(v.Items) - 1; i >= 0 && v.Kind == source.Object; i-- {
			one := &source.Node{Kind: source.Object}
			set(one, v.Keys[i].Name, clone(v.Items[i]))
			if _, err := multipart(media, one); err != nil {
				v.Items[i].Remove()
			}
		}
		_, err := multipart(media, v)
		return err
	}
	text, ok := scalar(v)
	if !ok || text == "" || text == "null" || media.Kind == ir.BodyBinary && v.Kind != source.String {
		return cannot("a text that is no scalar, or empty")
	}
	return nil
}

// sequenceBody makes one to three JSON texts, or an array of them where the schema is
// that of all.
func (m *maker) sequenceBody(d *draft, media *ir.Media) error {
	var last error = cannot("a sequence")
	for range 30 {
		g := &generator{Rand: m.rand, goals: d.goals}
		list := &source.Node{Kind: source.Array}
		if media.Sequence {
			v, err := g.value([]*ir.Schema{media.Schema}, 0)
			if err != nil || v.Kind != source.Array || len(v.Items) == 0 {
				last = cannot("a sequence that is no array")
				continue
			}
			list = v
		} else {
			for range 1 + m.rand.IntN(3) {
				v := num("1")
				if media.Schema != nil {
					var err error
					if v, err = g.value([]*ir.Schema{media.Schema}, 0); err != nil {
						return err
					}
				}
				list.Append(v)
			}
		}
		valid, sure := m.sequenceValid(media, list)
		switch {
		case !sure:
			last = cannot("a pattern that is too hard")
		case valid:
			d.media, d.body = media, list
			return nil
		}
	}
	return last
}

func (m *maker) sequenceValid(media *ir.Media, list *source.Node) (valid, sure bool) {
	if media.Sequence {
		return m.judge.valid(media.Schema, list)
	}
	valid, sure = true, true
	for _, item := range list.Items {
		v, s := m.judge.valid(media.Schema, item)
		valid, sure = valid && v, sure && s
	}
	return valid, sure
}

// otherFaults changes a body that is neither JSON nor a form.
func (m *maker) otherFaults(base *draft, add adder) {
	text := func(s string) *string { return &s }
	whole, _ := base.write()
	switch base.media.Kind {
	case ir.BodyMultipart:
		typ := concrete(base.media.Range)
		add(func(d *draft) { d.contentType = typ }, "no boundary", false)
		add(func(d *draft) { d.contentType = typ + "; boundary=zz-other" }, "another boundary", false)
		cut := strings.TrimSuffix(whole, "--\r\n")
		add(func(d *draft) { d.bodyText, d.contentType = text(cut), typ+"; boundary="+boundary }, "no last delimiter", false)
		bare := strings.ReplaceAll(whole, "\r\n", "\n")
		add(func(d *draft) { d.bodyText, d.contentType = text(bare), typ+"; boundary="+boundary }, "lines that end in a line feed alone", false)
		add(func(d *draft) { d.bodyText, d.contentType = text("x\r\n"+whole), typ+"; boundary="+boundary }, "text before the first delimiter", false)
	case ir.BodyNDJSON:
		if end := len(whole) - 2; strings.ContainsAny(whole[end:], "]}\"el") {
			add(func(d *draft) { d.bodyText = text(whole[:end]) }, "a line that ends too early", false)
		}
		add(func(d *draft) { d.bodyText = text(whole + "x\n") }, "a line that is no JSON", false)
	case ir.BodyText:
		add(func(d *draft) { d.bodyText = text(whole + "\xff") }, "a text that is no UTF-8", false)
		add(func(d *draft) { d.contentType = concrete(base.media.Range) + "; charset=utf-16" }, "another charset", false)
	}
	if base.media.Schema == nil {
		return
	}
	if base.media.Kind == ir.BodyNDJSON {
		m.sequenceMutants(base, add)
		return
	}
	g := &generator{Rand: m.rand, goals: base.goals, plain: true}
	for _, mu := range m.some(g.mutants(base.body)) {
		m.otherMutant(base, mu, add)
	}
}

// readings is what a decoder may make of the changed part of a form: one thing where it
// stands in JSON.
func (m *maker) readings(base *draft, mu mutant) []*source.Node {
	if base.media.Kind == ir.BodyText {
		return mu.readings()
	}
	path, value := strings.Split(mu.at, "/"), mu.value()
	if len(path) < 2 { // the whole body
		out := []*source.Node{{Kind: source.Object}}
		for i, item := range value.Items {
			list := []*source.Node{item}
			if !inJSON(item) {
				list = readings(item)
			}
			var next []*source.Node
			for _, r := range list {
				for _, prefix := range out {
					c := clone(prefix)
					set(c, value.Keys[i].Name, clone(r))
					next = append(next, c)
				}
			}
			if out = next; len(out) > 128 || len(out) == 0 {
				return nil
			}
		}
		return out
	}
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[1])
	deep := false
	if f := field(base.media, name); f != nil {
		deep = f.Style == ir.StyleDeepObject
	}
	if !deep && (inJSON(base.body.Get(name)) || mu.part.Kind == source.Object) {
		return []*source.Node{value}
	}
	return mu.readings()
}

// inJSON reports a member of a form that is written as JSON: an object, or objects.
func inJSON(v *source.Node) bool {
	if v == nil {
		return false
	}
	if v.Kind == source.Array {
		return len(v.Items) > 0 && v.Items[0].Kind == source.Object
	}
	return v.Kind == source.Object
}

// some is a bounded number of mutants, any of them.
func (m *maker) some(list []mutant) []mutant {
	m.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), 2*m.Options.Faults)]
}

func (m *maker) sequenceMutants(base *draft, add adder) {
	g := &generator{Rand: m.rand, goals: base.goals}
	for _, mu := range m.some(g.mutants(base.body)) {
		value := mu.value()
		if value.Kind != source.Array || len(value.Items) == 0 {
			continue
		}
		valid, sure := m.sequenceValid(base.media, value)
		if !sure {
			m.cannot("a change under a pattern that is too hard")
			continue
		}
		add(func(d *draft) { d.body = value }, mu.what, valid)
	}
}

// otherMutant adds a change of a multipart, text or binary body: what a decoder may
// read in several ways is a fault when no reading is valid.
func (m *maker) otherMutant(base *draft, mu mutant, add adder) {
	media, value := base.media, mu.value()
	if mu.from == source.Array && mu.part.Kind != source.Array || mu.from != source.Array && mu.part.Kind == source.Array {
		return // an array of one is written like its item
	}
	if mu.from == source.Object && mu.part.Kind != source.Object || mu.from != source.Object && mu.part.Kind == source.Object {
		return // so are a text and JSON of a part that does not say which it is
	}
	if media.Kind == ir.BodyMultipart {
		if _, err := multipart(media, value); err != nil {
			return
		}
	} else if err := m.writable(media, value); err != nil {
		return
	}
	list := []*source.Node{value}
	switch media.Kind {
	case ir.BodyBinary:
		if text, _ := scalar(value); !isPlain(text) {
			return // its length is in bytes
		}
	default:
		if list = m.readings(base, mu); list == nil {
			m.cannot("a change of a body with too many readings")
			return
		}
	}
	good, certain := false, true
	for _, r := range list {
		valid, sure := m.judge.valid(media.Schema, r)
		good, certain = good || valid, certain && sure
	}
	if !certain {
		m.cannot("a change under a pattern that is too hard")
		return
	}
	add(func(d *draft) { d.body = value }, mu.what, good)
}
