package isel

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// kinds is a set of node kinds, 1<<kind each.
type kinds uint16

const allKinds = kinds(1<<json.KindNull | 1<<json.KindFalse | 1<<json.KindTrue | 1<<json.KindNumber |
	1<<json.KindString | 1<<json.KindArray | 1<<json.KindObject)

// kindsOf returns the kinds of the values that a set of types admits.
func kindsOf(t ir.Types) kinds {
	var k kinds
	for _, x := range []struct {
		t ir.Types
		k kinds
	}{
		{ir.TypeNull, 1 << json.KindNull},
		{ir.TypeBoolean, 1<<json.KindFalse | 1<<json.KindTrue},
		{ir.TypeNumber | ir.TypeInteger, 1 << json.KindNumber},
		{ir.TypeString, 1 << json.KindString},
		{ir.TypeArray, 1 << json.KindArray},
		{ir.TypeObject, 1 << json.KindObject},
	} {
		if t&x.t != 0 {
			k |= x.k
		}
	}
	return k
}

// typesOf returns the smallest type mask whose values include all of k.
func (k kinds) typesOf() uint8 {
	var t uint8
	for _, x := range []struct {
		k kinds
		t uint8
	}{
		{1 << json.KindNull, table.TypeNull},
		{1<<json.KindFalse | 1<<json.KindTrue, table.TypeBoolean},
		{1 << json.KindNumber, table.TypeNumber},
		{1 << json.KindString, table.TypeString},
		{1 << json.KindArray, table.TypeArray},
		{1 << json.KindObject, table.TypeObject},
	} {
		if k&x.k != 0 {
			t |= x.t
		}
	}
	return t
}

func valueKind(v *source.Node) kinds {
	switch v.Kind {
	case source.Null:
		return 1 << json.KindNull
	case source.Bool:
		// Both: a type mask tells a boolean from other types and no more, so the
		// other one has to go to the branch too and fail there.
		return 1<<json.KindFalse | 1<<json.KindTrue
	case source.Number:
		return 1 << json.KindNumber
	case source.String:
		return 1 << json.KindString
	case source.Array:
		return 1 << json.KindArray
	}
	return 1 << json.KindObject
}

// facts is what is certain about every value that a schema accepts.
type facts struct {
	kinds    kinds
	required map[string]bool
	strings  map[string][]string // members that have one of these strings, where they are there
	order    []string            // the keys of strings, as met
	steps    int
}

// maxFactSteps bounds the search: what is not found is not used.
const maxFactSteps = 64

func factsOf(s *ir.Schema) facts {
	f := facts{kinds: allKinds, required: map[string]bool{}, strings: map[string][]string{}}
	f.add(s)
	return f
}

func (f *facts) add(s *ir.Schema) {
	if f.steps++; s == nil || f.steps > maxFactSteps {
		return
	}
	if s.Bool != nil {
		if !*s.Bool {
			f.kinds = 0
		}
		return
	}
	f.kinds &= ownKinds(s)
	for _, r := range s.Required {
		f.required[r.Name] = true
	}
	for _, p := range s.Properties {
		if list, ok := stringsOf(canonical(p.Schema)); ok && f.strings[p.Name] == nil {
			f.strings[p.Name] = list
			f.order = append(f.order, p.Name)
		}
	}
	for _, r := range s.Refs {
		f.add(r.Target)
	}
	for _, x := range s.AllOf {
		f.add(x)
	}
}

// ownKinds is what type and enum of s admit.
func ownKinds(s *ir.Schema) kinds {
	k := allKinds
	if s.Types != 0 {
		k = kindsOf(s.Types)
	}
	if s.Enum != nil {
		var e kinds
		for _, v := range s.Enum.Values {
			e |= valueKind(v)
		}
		k &= e
	}
	return k
}

// stringsOf returns the strings that are all that s admits.
func stringsOf(s *ir.Schema) ([]string, bool) {
	if s == nil || s.Enum == nil || len(s.Enum.Values) == 0 {
		return nil, false
	}
	var list []string
	for _, v := range s.Enum.Values {
		if v.Kind != source.String {
			return nil, false
		}
		list = append(list, v.Text)
	}
	return list, true
}
