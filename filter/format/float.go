package format

// A number is a float or a double if rounding it to nearest gives a finite
// value: less than half a unit past the largest (IEEE 754-2019 section 4.3.1).
// How many digits it has does not matter.
const (
	floatLimit  = "340282356779733661637539395458142568448" // 2^128 - 2^103
	doubleLimit = "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070" +
		"9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447" +
		"5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904" +
		"174497792" // 2^1024 - 2^970
)

func isFloat(text []byte) bool {
	n := parseNumber(text)
	return n.ok && n.isBelow(floatLimit)
}

func isDouble(text []byte) bool {
	n := parseNumber(text)
	return n.ok && n.isBelow(doubleLimit)
}
