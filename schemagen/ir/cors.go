package ir

// CORS is how preflight requests for an operation are answered, and which origins'
// documents may read its refusals (Fetch Standard section 3.3).
type CORS struct {
	Origins       []string // "*" alone, or scheme://host:port; a host may begin with "*."
	Headers       []string // fields beside those that the description declares, lower case
	MaxAgeSeconds uint32
	Credentials   bool
	Limit         *Limit // what preflight requests are charged to, or nil
}
