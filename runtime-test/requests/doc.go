// Package requests makes requests from descriptions and checks what engines
// say of them: per operation requests that are as the description wants them,
// and others with one fault each.
//
// It is a second reading of the descriptions. Values are generated from the
// lowered schemas (schemagen/ir) and judged by the slow interpreter of package
// irtest, with patterns by Go's regexp and formats by lists of known texts;
// paths are matched by regular expressions; styles are written out by hand.
// None of the filter's code takes part in what is expected.
//
// What can't be generated is counted by its reason, never passed over.
package requests
