package format

import "testing"

func BenchmarkCheck(b *testing.B) {
	for _, tt := range []struct {
		id   ID
		text string
	}{
		{DateTime, "2024-02-29T12:34:56.789+02:00"},
		{Date, "2024-02-29"},
		{UUID, "2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
		{Email, "joe.bloggs@mail.example.com"},
		{Hostname, "www.mail.example.com"},
		{IDNHostname, "www.bücher.example"},
		{IPv6, "2001:db8:85a3::8a2e:370:7334"},
		{URI, "https://user@www.example.com:8443/a/b/c?x=%20y&z=1#frag"},
		{Regex, `^(?<year>\d{4})-\p{L}+[a-z\d-]*$`},
	} {
		b.Run(tt.id.Name(), func(b *testing.B) {
			text := []byte(tt.text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if !CheckString(tt.id, text) {
					b.Fatalf("CheckString(%s, %q) = false, want true", tt.id.Name(), text)
				}
			}
		})
	}
	b.Run("int32", func(b *testing.B) {
		text := []byte("2147483647")
		b.ReportAllocs()
		for b.Loop() {
			if !CheckNumber(Int32, text) {
				b.Fatalf("CheckNumber(int32, %s) = false, want true", text)
			}
		}
	})
}
