// Package policy reads policy files and the x-portcullis-* members of
// descriptions, and applies them to operations. examples/policy.schema.json
// describes the format; this package enforces it and knows nothing that the
// schema does not.
//
// Precedence, weakest first: the policy's defaults, an API's defaults, the
// description (root, path item, operation), the policy's rules, the API's
// rules; within a list the later rule wins. Waivers add up.
package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Policy is one policy file. The zero value with the maps made is the policy
// that says nothing: see Empty.
type Policy struct {
	Mode    ir.Mode
	Unknown ir.Action
	APIs    []*API

	path      string // of the file, for what it refers to
	providers map[string]*ir.Provider
	limits    map[string]*ir.Limit
	services  map[string]*ir.RateLimitService
	schemes   map[string]*binding
	defaults  settings
	rules     []*rule
	files     []File
	dec       *decoder
	made      map[string]*ir.Scheme // schemes made for security overrides, by what they say

	consumers    map[string]*ir.Consumer
	nameless     []*ir.Consumer // rules of schemes that take certificates
	certificates map[certificateRule]*ir.Consumer
	credentials  map[string]ir.Loc // ids of keys
	keyed        []*ir.Credential  // whose digests a secret keys
	pepper       string            // its name
}

// API is the entry of one description.
type API struct {
	Name     string
	Spec     string // path, joined with the policy's folder
	Hosts    []Host
	BasePath *string // "" or "/v1"

	mode     ir.Mode
	schemes  map[string]*binding
	defaults settings
	rules    []*rule
	node     *source.Node
	used     bool
}

// Host is a host with its port, 0 for any.
type Host struct {
	Name string // lower case, "" for any, "*.example.com"
	Port uint16
}

// File is a file that the policy refers to, for digests.
type File struct {
	Path string
	Data []byte
}

// Waiver accepts one kind of finding.
type Waiver struct {
	Code, Reason string
	Node         *source.Node
}

// settings are what rules and defaults set. Nil and zero fields set nothing.
type settings struct {
	mode                ir.Mode
	inspect             ir.Inspect
	inspectNode         *source.Node
	raise               []ir.Raise // nil: not set
	sensitive           *bool
	limits              []string // nil: not set
	limitsNode          *source.Node
	security            *security
	allow               *Allow
	maxBodyBytes        *uint32
	maxDepth            uint16
	allowDuplicateNames *bool
	unknownQuery        ir.Action
	path                *ir.PathRules
	ambiguous           *ir.Ambiguous
	head                string // "get", "deny"
	preflight           ir.Action
	cors                *corsRules
	encodings           []string // nil: not set
	upgrades            []string // the same
	mediaTypes          map[string]ir.Action
	responses           *responseRules
	bodies              *ir.BodyRules
	forward             *ir.Forward
	waive               []Waiver
}

// rule is settings for the operations that it matches.
type rule struct {
	settings
	operations []string
	tag        string
	node       *source.Node
	matched    map[string]bool // selectors that matched something
}

// Empty returns the policy that says nothing.
func Empty(diags *diag.List) *Policy {
	return &Policy{
		Mode: ir.ModeEnforce, Unknown: ir.ActionDeny,
		providers: map[string]*ir.Provider{}, limits: map[string]*ir.Limit{}, services: map[string]*ir.RateLimitService{}, schemes: map[string]*binding{},
		made: map[string]*ir.Scheme{}, dec: &decoder{diags},
		consumers: map[string]*ir.Consumer{}, credentials: map[string]ir.Loc{}, certificates: map[certificateRule]*ir.Consumer{},
	}
}

// Read reads the policy in doc. Files that it names are relative to doc.Path.
// Defects are errors in diags; the Policy holds what could be read.
func Read(doc *source.Document, diags *diag.List) *Policy {
	p := Empty(diags)
	p.path = doc.Path
	d := p.dec
	p.readServices(doc.Root.Get("rateLimitServices"))
	d.object(doc.Root, "the policy", fields{
		"rateLimitServices": func(*source.Node) {}, // limits name them
		"version": func(n *source.Node) {
			if n.Kind != source.Number || n.Text != "1" {
				d.errorf(n, "policy-version", "found the version %s, wanted 1", describe(n))
			}
		},
		"mode":          func(n *source.Node) { p.Mode = orMode(oneOf(d, n, "mode", modes), ir.ModeEnforce) },
		"unknown":       func(n *source.Node) { p.Unknown = oneOf(d, n, "unknown", actions) },
		"providers":     func(n *source.Node) { p.readProviders(n, p.providers) },
		"limits":        func(n *source.Node) { p.readLimits(n, p.limits) },
		"schemes":       func(n *source.Node) { p.schemes = p.readSchemes(n) },
		"consumers":     p.readConsumers,
		"consumersFile": p.readConsumersFile,
		"keyPepper": func(n *source.Node) {
			p.pepper = d.str(n, "keyPepper")
			p.name(n, p.pepper, "the name of a secret")
		},
		"defaults": func(n *source.Node) { p.readDefaults(n, &p.defaults) },
		"operations": func(n *source.Node) {
			d.array(n, "operations", func(n *source.Node) { p.rules = append(p.rules, p.readRule(n)) })
		},
		"waive": func(n *source.Node) { p.defaults.waive = append(p.defaults.waive, p.readWaivers(n)...) },
		"apis": func(n *source.Node) {
			d.array(n, "apis", func(n *source.Node) { p.APIs = append(p.APIs, p.readAPI(n)) })
		},
	}, "version")
	p.settleKeys()
	if p.Unknown == 0 {
		p.Unknown = ir.ActionDeny
	}
	return p
}

var (
	modes    = map[string]ir.Mode{"enforce": ir.ModeEnforce, "monitor": ir.ModeMonitor, "off": ir.ModeOff}
	actions  = map[string]ir.Action{"deny": ir.ActionDeny, "monitor": ir.ActionMonitor, "pass": ir.ActionPass}
	denyPass = map[string]ir.Action{"deny": ir.ActionDeny, "pass": ir.ActionPass}
	inspects = map[string]ir.Inspect{"headers": ir.InspectHeaders, "parameters": ir.InspectParameters, "body": ir.InspectBody, "deep": ir.InspectDeep}
	scopes   = map[string]ir.Scope{"proxy": ir.ScopeProxy, "worker": ir.ScopeWorker, "fleet": ir.ScopeFleet}
)

func orMode(m, fallback ir.Mode) ir.Mode {
	if m == 0 {
		return fallback
	}
	return m
}

var nameRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func (p *Policy) name(n *source.Node, name, what string) {
	if !nameRE.MatchString(name) {
		p.dec.errorf(n, "policy-value", "found %q as %s, wanted at most 64 letters, digits, '_', '.' and '-'", name, what)
	}
}

func (p *Policy) readAPI(n *source.Node) *API {
	d := p.dec
	a := &API{node: n}
	d.object(n, "an API", fields{
		"name": func(n *source.Node) {
			a.Name = d.str(n, "name")
			p.name(n, a.Name, "name")
		},
		"spec":     func(n *source.Node) { a.Spec = p.join(d.str(n, "spec")) },
		"hosts":    func(n *source.Node) { a.Hosts = p.readHosts(n) },
		"basePath": func(n *source.Node) { a.BasePath = p.readBasePath(n) },
		"mode":     func(n *source.Node) { a.mode = oneOf(d, n, "mode", modes) },
		"schemes":  func(n *source.Node) { a.schemes = p.readSchemes(n) },
		"defaults": func(n *source.Node) { p.readDefaults(n, &a.defaults) },
		"operations": func(n *source.Node) {
			d.array(n, "operations", func(n *source.Node) { a.rules = append(a.rules, p.readRule(n)) })
		},
		"waive": func(n *source.Node) { a.defaults.waive = append(a.defaults.waive, p.readWaivers(n)...) },
	}, "spec")
	return a
}

// join makes a path in the policy relative to where the policy is.
func (p *Policy) join(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(p.path), filepath.FromSlash(path))
}

var hostRE = regexp.MustCompile(`^(\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$`)

func (p *Policy) readHosts(n *source.Node) (out []Host) {
	p.dec.strs(n, "hosts", 1)
	for _, item := range n.Items {
		m := hostRE.FindStringSubmatch(item.Text)
		port, err := uint64(0), error(nil)
		if m != nil && m[2] != "" {
			port, err = strconv.ParseUint(m[2], 10, 16)
		}
		if m == nil || err != nil || m[2] != "" && port == 0 {
			p.dec.errorf(item, "policy-value", "found %s as a host, wanted NAME, *.NAME or *, and :PORT if need be", describe(item))
			continue
		}
		h := Host{strings.ToLower(m[1]), uint16(port)}
		if h.Name == "*" {
			h.Name = ""
		}
		out = append(out, h)
	}
	return out
}

func (p *Policy) readBasePath(n *source.Node) *string {
	s := p.dec.str(n, "basePath")
	if !strings.HasPrefix(s, "/") || strings.ContainsAny(s, "?#%{}\\") || strings.Contains(s, "//") || hasDotSegment(s) {
		p.dec.errorf(n, "policy-value", "found %s as basePath, wanted a path that starts with a slash, without %%, ?, # or dot segments", describe(n))
		return nil
	}
	s = strings.TrimSuffix(s, "/")
	return &s
}

func hasDotSegment(path string) bool {
	for _, s := range strings.Split(path, "/") {
		if s == "." || s == ".." {
			return true
		}
	}
	return false
}

func (p *Policy) readDefaults(n *source.Node, s *settings) {
	p.dec.object(n, "defaults", p.settingFields(s))
}

func (p *Policy) readRule(n *source.Node) *rule {
	r := &rule{node: n, matched: map[string]bool{}}
	f := p.settingFields(&r.settings)
	f["operation"] = func(n *source.Node) {
		if n.Kind == source.Array {
			r.operations = p.dec.strs(n, "operation", 1)
			return
		}
		r.operations = []string{p.dec.str(n, "operation")}
	}
	f["tag"] = func(n *source.Node) { r.tag = p.dec.str(n, "tag") }
	p.dec.object(n, "a rule", f)
	if (n.Get("operation") == nil) == (n.Get("tag") == nil) && n.Kind == source.Object {
		p.dec.errorf(n, "policy-missing", "found a rule with both or neither of operation and tag, wanted one of them")
	}
	return r
}

// settingFields is the readers of settings, by their names in the policy.
func (p *Policy) settingFields(s *settings) fields {
	d := p.dec
	return fields{
		"mode":    func(n *source.Node) { s.mode = oneOf(d, n, "mode", modes) },
		"inspect": func(n *source.Node) { p.readInspect(n, s) },
		"limits": func(n *source.Node) {
			s.limits, s.limitsNode = d.strs(n, "limits", 0), n
			if len(s.limits) > maxLimits {
				d.errorf(n, "policy-value", "found %d limits, wanted at most %d", len(s.limits), maxLimits)
			}
		},
		"security": func(n *source.Node) { s.security = p.readSecurity(n) },
		"allow":    func(n *source.Node) { s.allow = p.readAllow(n) },
		"maxBodyBytes": func(n *source.Node) {
			v := uint32(d.integer(n, "maxBodyBytes", 1, 1<<32-1))
			s.maxBodyBytes = &v
		},
		"maxDepth": func(n *source.Node) { s.maxDepth = uint16(d.integer(n, "maxDepth", 1, 1<<16-1)) },
		"allowDuplicateNames": func(n *source.Node) {
			v := d.boolean(n, "allowDuplicateNames")
			s.allowDuplicateNames = &v
		},
		"unknownQuery": func(n *source.Node) { s.unknownQuery = oneOf(d, n, "unknownQuery", actions) },
		"forward":      func(n *source.Node) { s.forward = p.readForward(n) },
		"responses":    func(n *source.Node) { s.responses = p.readResponses(n) },
		"bodies":       func(n *source.Node) { s.bodies = p.readBodies(n) },
		"path":         func(n *source.Node) { s.path = p.readPath(n) },
		"ambiguous":    func(n *source.Node) { s.ambiguous = p.readAmbiguous(n) },
		"head":         func(n *source.Node) { s.head = oneOf(d, n, "head", map[string]string{"get": "get", "deny": "deny"}) },
		"preflight":    func(n *source.Node) { s.preflight = oneOf(d, n, "preflight", denyPass) },
		"cors":         func(n *source.Node) { s.cors = p.readCORS(n) },
		"contentEncodings": func(n *source.Node) {
			s.encodings = append([]string{}, p.readEncodings(n)...)
		},
		"upgrade": func(n *source.Node) { s.upgrades = append([]string{}, p.readUpgrades(n)...) },
		"mediaTypes": func(n *source.Node) {
			s.mediaTypes = map[string]ir.Action{}
			d.mapping(n, "mediaTypes", func(name string, n *source.Node) {
				s.mediaTypes[strings.ToLower(name)] = oneOf(d, n, "a media type", denyPass)
			})
		},
		"waive": func(n *source.Node) { s.waive = append(s.waive, p.readWaivers(n)...) },
	}
}

// readPath reads what paths may hold.
func (p *Policy) readPath(n *source.Node) *ir.PathRules {
	d := p.dec
	r := &ir.PathRules{}
	flag := func(name string, to *bool) func(*source.Node) {
		return func(n *source.Node) { *to = d.boolean(n, name) }
	}
	d.object(n, "path", fields{
		"encodedSlash": flag("encodedSlash", &r.EncodedSlash),
		"semicolon":    flag("semicolon", &r.Semicolon),
		"emptySegment": flag("emptySegment", &r.EmptySegment),
		"backslash":    flag("backslash", &r.Backslash),
		"trailingSlash": func(n *source.Node) {
			r.TrailingSlash = oneOf(d, n, "trailingSlash", map[string]bool{"exact": false, "ignore": true})
		},
	})
	return r
}

// readAmbiguous reads what passes although two readers may take it in two ways.
func (p *Policy) readAmbiguous(n *source.Node) *ir.Ambiguous {
	d := p.dec
	a := &ir.Ambiguous{}
	d.object(n, "ambiguous", fields{
		"methodOverride": func(n *source.Node) { a.MethodOverride = d.boolean(n, "methodOverride") },
		"rawSemicolon":   func(n *source.Node) { a.RawSemicolon = d.boolean(n, "rawSemicolon") },
		"bracketNames":   func(n *source.Node) { a.BracketNames = d.boolean(n, "bracketNames") },
	})
	return a
}

// maxLimits is how many limits an operation may have.
const maxLimits = 8

var codeRE = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (p *Policy) readWaivers(n *source.Node) (out []Waiver) {
	d := p.dec
	d.array(n, "waive", func(n *source.Node) {
		w := Waiver{Node: n}
		d.object(n, "a waiver", fields{
			"code": func(n *source.Node) {
				if w.Code = d.str(n, "code"); !codeRE.MatchString(w.Code) {
					d.errorf(n, "policy-value", "found %s as code, wanted the code of a finding, as the build prints it in brackets", describe(n))
				}
			},
			"action": func(n *source.Node) { oneOf(d, n, "action", map[string]bool{"pass": true}) },
			"reason": func(n *source.Node) { w.Reason = d.str(n, "reason") },
		}, "code", "reason")
		out = append(out, w)
	})
	return out
}

// readFile reads a file that the policy names at n.
func (p *Policy) readFile(n *source.Node, what string) (data []byte, path string, ok bool) {
	name := p.dec.str(n, what)
	if name == "" {
		return nil, "", false
	}
	path = p.join(name)
	data, err := os.ReadFile(path)
	if err != nil {
		p.dec.errorf(n, "policy-file", "found no readable file %s, wanted one: %v", path, err)
		return nil, "", false
	}
	p.files = append(p.files, File{path, data})
	return data, path, true
}

// Files returns the files that the policy refers to and that were read.
func (p *Policy) Files() []File { return p.files }

// Providers returns all providers by name.
func (p *Policy) Providers() []*ir.Provider { return byName(p.providers) }

// Limits returns all limits by name.
func (p *Policy) Limits() []*ir.Limit { return byName(p.limits) }

func byName[T any](m map[string]T) []T {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	out := make([]T, len(names))
	for i, name := range names {
		out[i] = m[name]
	}
	return out
}

func loc(n *source.Node) ir.Loc {
	return ir.Loc{Node: n, Pointer: source.Pointer(n), URI: n.Doc.URI}
}
