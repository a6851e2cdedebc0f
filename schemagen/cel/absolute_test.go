package cel

import "testing"

// TestAbsolute: a name with a dot in front is the name.
func TestAbsolute(t *testing.T) {
	for _, text := range []string{`.body == null`, `.body == null || body == null`, `[1].exists(body, .body == null)`} {
		a, problems := Compile(text, &Scope{NoBody: "inspect: headers judges no body"})
		if a != nil {
			t.Errorf("Compile(%q) = %+v, want a problem; %v", text, a, problems)
		}
	}
}
