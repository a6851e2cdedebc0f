package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// shopSchema is the schema Order of an API description, with what it refers to.
func shopSchema(file string) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text = []byte(strings.ReplaceAll(string(text), "#/components/schemas/", "#/definitions/"))
	var api struct {
		Components struct{ Schemas map[string]any }
	}
	if err := yaml.Unmarshal(text, &api); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return map[string]any{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"allOf":       []any{map[string]any{"$ref": "#/definitions/Order"}},
		"definitions": api.Components.Schemas,
	}, nil
}

var words = strings.Fields("blue cotton shirt large organic steel bottle wireless lamp walnut desk ceramic mug garden chair brass hook linen towel")

type object = map[string]any

// shopBody is a valid order of about size bytes; larger ones have more of the
// optional members.
func shopBody(size int, seed uint64) ([]byte, error) {
	r := rand.New(rand.NewPCG(uint64(size), seed))
	pick := func(list ...any) any { return list[r.IntN(len(list))] }
	text := func(n int) string {
		var b []string
		for range n {
			b = append(b, words[r.IntN(len(words))])
		}
		return strings.Join(b, " ")
	}
	money := func() object {
		return object{"amount": fmt.Sprintf("%d.%02d", 1+r.IntN(9999), r.IntN(100)), "currency": pick("EUR", "USD", "GBP")}
	}
	address := object{"name": "Ada Müller", "street": fmt.Sprintf("%s %d", text(2), 1+r.IntN(99)), "city": "Köln", "postcode": fmt.Sprint(10000 + r.IntN(90000)), "country": "DE"}
	large := size > 1500
	order := object{
		"reference": fmt.Sprintf("WEB-%010x", r.Uint64N(1<<40)),
		"customer":  object{"email": fmt.Sprintf("ada.%x@example.com", r.IntN(1<<16)), "firstName": "Ada", "lastName": "Müller", "phone": fmt.Sprintf("+49221%07d", r.IntN(1e7))},
		"shipping":  address,
		"payment": pick(object{"method": "card", "token": fmt.Sprintf("tok_%024x", r.Uint64()), "last4": "4242", "expMonth": 7, "expYear": 2031},
			object{"method": "bank", "iban": fmt.Sprintf("DE%020d", r.Uint64())}, object{"method": "invoice", "dueDays": 30}),
		"total": money(),
	}
	if large {
		order["id"] = fmt.Sprintf("%08x-1c2d-4e3f-8a5b-%012x", r.Uint32(), r.Uint64N(1<<48))
		order["status"], order["createdAt"], order["billing"] = "placed", "2026-03-04T05:06:07Z", address
		order["tags"] = []string{"blue", "large", "organic", "garden"}
		order["metadata"] = object{"channel": "web", "score": 0.75, "vip": true}
		order["notes"] = text(20)
	}
	var items []any
	for length := 0; len(items) < 500; {
		item := object{"sku": fmt.Sprintf("%c%c%c-%d", 'A'+r.IntN(8), 'A'+r.IntN(8), 'A'+r.IntN(8), 1000+r.IntN(1e7)), "title": text(2 + r.IntN(5)), "quantity": 1 + r.IntN(9), "unitPrice": money()}
		if large {
			item["taxRate"], item["gift"], item["weightGrams"] = 0.19, r.IntN(2) == 0, 10+r.IntN(5000)
			item["attributes"] = object{"color": words[r.IntN(len(words))], "size": "L"}
			item["discount"] = pick(object{"kind": "percent", "percent": 12.5}, object{"kind": "fixed", "value": money()})
		}
		order["items"] = append(items, item)
		b, err := json.Marshal(order)
		if err != nil {
			return nil, err
		}
		if length = len(b); length > size && len(items) > 0 {
			break
		}
		items = append(items, item)
	}
	order["items"] = items
	return json.Marshal(order)
}
