package sarif

import (
	"os"
	"path/filepath"
	"testing"
)

func TestColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("aé: b\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ line, col, want int }{
		{1, 1, 1}, {1, 6, 5}, {1, 99, 99}, {9, 3, 3}, {0, 3, 3}, {2, 2, 2}, {1, 0, 1},
	}
	for _, tt := range tests {
		if got := (lines{}).column(path, tt.line, tt.col); got != tt.want {
			t.Errorf("column(%d, %d) = %d, want %d", tt.line, tt.col, got, tt.want)
		}
	}
	if got := (lines{}).column(path+"x", 1, 6); got != 6 {
		t.Errorf("column of a file that is gone = %d, want 6", got)
	}
}

func TestURI(t *testing.T) {
	tests := []struct{ path, want string }{
		{"a b.yaml", "a%20b.yaml"}, {"../x.yaml", "../x.yaml"}, {"/r/ü.json", "file:///r/%C3%BC.json"}, {"a:b.yaml", "./a:b.yaml"},
	}
	for _, tt := range tests {
		if got := uri(tt.path); got != tt.want {
			t.Errorf("uri(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}
