package table

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestFormatPage holds the list of sections in FORMAT.md to the layouts.
func TestFormatPage(t *testing.T) {
	f, err := os.Open("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	words := map[Section]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		cells := strings.Split(s.Text(), "|")
		if len(cells) != 6 {
			continue
		}
		if id, err := strconv.Atoi(strings.TrimSpace(cells[2])); err == nil {
			words[Section(id)] = strings.TrimSpace(cells[3])
		}
	}
	if got, want := len(words), int(secEnd)-1-(schemasEnd-int(schemasStart)); got != want {
		t.Errorf("FORMAT.md has %d sections, want %d", got, want)
	}
	for i := range layouts {
		l := &layouts[i]
		if got, want := words[l.sec], strconv.Itoa(int(l.words)); got != want {
			t.Errorf("FORMAT.md: section %d has %q words, want %q", l.sec, got, want)
		}
	}
}
