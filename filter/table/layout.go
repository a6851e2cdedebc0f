package table

// fieldKind says how the verifier checks a word.
type fieldKind uint8

const (
	fieldString      fieldKind = iota + 1 // offset and length in the pool
	fieldRange                            // first record and count in another section
	fieldIndex                            // a record of another section
	fieldIndexOrNone                      // the same, or NoIndex
	fieldEnum                             // (x>>shift)&mask within [min, max]
	fieldZero                             // x>>shift is zero
)

type field struct {
	word     uint32
	kind     fieldKind
	to       Section
	shift    uint32
	mask     uint32
	min, max uint32
}

type layout struct {
	sec    Section
	words  uint32
	fields []field
}

func str(w uint32) field                 { return field{word: w, kind: fieldString} }
func rng(w uint32, to Section) field     { return field{word: w, kind: fieldRange, to: to} }
func idx(w uint32, to Section) field     { return field{word: w, kind: fieldIndex, to: to} }
func opt(w uint32, to Section) field     { return field{word: w, kind: fieldIndexOrNone, to: to} }
func zero(w uint32) field                { return field{word: w, kind: fieldZero} }
func high(w, shift uint32) field         { return field{word: w, kind: fieldZero, shift: shift} }
func enum(w, shift, lo, hi uint32) field { return bits(w, shift, 0xff, lo, hi) }
func bits(w, shift, mask, lo, hi uint32) field {
	return field{word: w, kind: fieldEnum, shift: shift, mask: mask, min: lo, max: hi}
}

// The largest value of each enumeration that the table shares with the
// compiler's model.
const (
	maxMode       = 3
	maxAction     = 3
	maxInspect    = 4
	maxIn         = 5
	maxStyle      = 12
	maxBodyKind   = 7
	maxSchemeKind = 4
	maxAlg        = 13
	maxLimitKey   = 10
	maxScope      = 3
	typesAll      = 1<<7 - 1
)

// layouts is the format as data: every word of every record is named here or
// free-form. The verifier and FORMAT.md follow it.
var layouts = [...]layout{
	{SecAPIs, wordsAPI, []field{str(APIName), str(APITitle), bits(APIMode, 0, NoIndex, 1, maxMode), rng(APIOps, SecOps), zero(7)}},
	{SecHosts, wordsHost, []field{str(HostName), bits(HostKind, 0, NoIndex, 1, hostKindEnd-1), high(HostPort, 16), idx(HostRoot, SecNodes), zero(5)}},
	{SecNodes, wordsNode, []field{rng(NodeLiterals, SecLiterals), rng(NodeTemplates, SecTemplates), rng(NodeMethods, SecMethods), zero(6), zero(7)}},
	{SecLiterals, wordsLiteral, []field{str(LiteralText), idx(LiteralChild, SecNodes)}},
	{SecTemplates, wordsTemplate, []field{rng(TemplateParts, SecParts), idx(TemplateChild, SecNodes), zero(3)}},
	{SecParts, wordsPart, []field{str(PartText), bits(PartKind, 0, NoIndex, 1, partsKind-1)}},
	{SecMethods, wordsMethod, []field{str(MethodName), idx(MethodOp, SecOps), zero(3)}},
	{SecOps, wordsOp, []field{
		str(OpID), str(OpMethod), str(OpPath), idx(OpAPI, SecAPIs),
		enum(OpModes, 0, 1, maxMode), enum(OpModes, 8, 1, maxInspect), enum(OpModes, 16, 1, maxAction), enum(OpModes, 24, 0, ModeMonitor),
		bits(OpFlags, 0, NoIndex, 0, opFlagsAll),
		rng(OpParams, SecParams), rng(OpMedia, SecMedia), rng(OpRequirements, SecRequirements), rng(OpLimits, SecIndexes),
		bits(OpCaptures, 0, NoIndex, 0, MaxCaptures), high(OpMaxDepth, 16),
		zero(23), zero(24), zero(25), rng(OpResponses, SecResponses),
		opt(OpExpr, SecExprs), opt(OpForward, SecForwards), zero(31),
	}},
	{SecParams, wordsParam, []field{
		str(ParamName), enum(ParamHow, 0, 1, maxIn), enum(ParamHow, 8, 1, maxStyle), bits(ParamHow, 16, 0xffff, 0, paramFlagsAll),
		opt(ParamShape, SecShapes), zero(7), zero(8), zero(9),
	}},
	{SecProps, wordsProp, []field{str(PropName), idx(PropShape, SecShapes)}},
	{SecShapes, wordsShape, []field{
		bits(ShapeTypes, 0, 0xffff, 0, typesAll), bits(ShapeTypes, 16, 0xffff, 0, shapeFlagsAll), opt(ShapeItems, SecShapes),
		opt(ShapeAdditional, SecShapes), rng(ShapeProps, SecProps), rng(ShapePrefix, SecIndexes), bits(ShapeSeparator, 0, NoIndex, 0, 0x7f),
	}},
	{SecFields, wordsField, []field{
		str(FieldName), enum(FieldHow, 0, 0, maxStyle), bits(FieldHow, 8, 0xffffff, 0, fieldFlagsAll),
		rng(FieldTypes, SecNames), rng(FieldHeaders, SecParams),
	}},
	{SecResponses, wordsResponse, []field{
		bits(ResponseStatus, 0, 0xffff, minStatus, maxStatus), bits(ResponseStatus, 16, 0xffff, minStatus, maxStatus),
		rng(ResponseMedia, SecMedia), rng(ResponseHeaders, SecParams), zero(5), zero(6), zero(7),
	}},
	{SecDenied, wordsDenied, nil},
	{SecInspections, wordsInspection, []field{
		enum(InspectionHow, 0, 1, inspectionKindEnd-1), enum(InspectionHow, 8, 0, maxInspect), bits(InspectionHow, 16, 0xffff, 0, inspectionFlagsAll),
		rng(InspectionRules, SecInspections), bits(InspectionRefusals, 0, NoIndex, 0, maxRefusals), zero(7),
	}},
	{SecIntrospections, wordsIntrospection, []field{
		str(IntrospectionURI), str(IntrospectionCluster), str(IntrospectionClient), idx(IntrospectionSecret, SecSecrets),
		bits(IntrospectionHow, 0, 0xff, 1, tokensAll), bits(IntrospectionHow, 8, 0xff, 0, mayLackAll), high(IntrospectionHow, 16),
	}},
	{SecExtras, wordsExtra, []field{
		idx(ExtraOp, SecOps), bits(ExtraFlags, 0, NoIndex, 0, extraFlagsAll), rng(ExtraOrigins, SecNames), rng(ExtraHeaders, SecNames),
		opt(ExtraLimit, SecLimits), rng(ExtraEncodings, SecNames), rng(ExtraUpgrades, SecNames),
	}},
	{SecMedia, wordsMedia, []field{
		str(MediaType), str(MediaSuffix), enum(MediaHow, 0, 1, maxBodyKind), enum(MediaHow, 8, 1, matchEnd-1), enum(MediaHow, 16, 1, maxAction),
		bits(MediaHow, 24, 0xff, 0, mediaFlagsAll), opt(MediaShape, SecShapes), rng(MediaFields, SecFields), zero(11),
	}},
	{SecRequirements, wordsRequirement, []field{rng(RequirementUses, SecUses)}},
	{SecUses, wordsUse, []field{idx(UseScheme, SecSchemes), rng(UseScopes, SecNames)}},
	{SecSchemes, wordsScheme, []field{
		str(SchemeName), enum(SchemeHow, 0, 1, maxSchemeKind), enum(SchemeHow, 8, 0, maxIn), bits(SchemeHow, 16, 0xffff, 0, schemeFlagsAll),
		str(SchemeParam), rng(SchemeProviders, SecIndexes), zero(7),
	}},
	{SecProviders, wordsProvider, []field{
		str(ProviderName), str(ProviderIssuer), rng(ProviderAudiences, SecNames), rng(ProviderKeys, SecKeys),
		rng(ProviderClaims, SecNames), rng(ProviderTypes, SecNames), str(ProviderScopeClaim),
		str(ProviderKeysURI), str(ProviderKeysCluster),
		bits(ProviderBound, 0, NoIndex, 0, boundEnd-1), rng(ProviderOrigins, SecNames),
	}},
	{SecKeys, wordsKey, []field{str(KeyID), bits(KeyAlg, 0, NoIndex, 1, maxAlg), str(KeySPKI), opt(KeySecret, SecSecrets), zero(6), zero(7)}},
	{SecSecrets, wordsSecret, []field{str(SecretName)}},
	{SecConsumers, wordsConsumer, []field{
		str(ConsumerName), str(ConsumerPlan), rng(ConsumerScopes, SecNames), rng(ConsumerAttributes, SecNames), bits(ConsumerFlags, 0, NoIndex, 0, consumerFlagsAll), zero(9), zero(10), zero(11),
	}},
	{SecCredentials, wordsCredential, []field{
		str(CredentialID), enum(CredentialHow, 0, 1, credentialKindEnd-1), high(CredentialHow, 8), str(CredentialDigest),
		idx(CredentialConsumer, SecConsumers), opt(CredentialSecret, SecSecrets), zero(9),
	}},
	{SecLimits, wordsLimit, []field{
		str(LimitName), enum(LimitHow, 0, 1, maxLimitKey), enum(LimitHow, 8, 1, maxScope), enum(LimitHow, 16, 1, maxMode), enum(LimitHow, 24, 1, CountFailures),
		str(LimitKeyName), rng(LimitKeyPath, SecNames),
		enum(LimitMore, 0, 1, CostByItems), enum(LimitMore, 8, 0, limitFlagsAll), enum(LimitMore, 16, 0, LimitByHeader), high(LimitMore, 24),
		rng(LimitCostPath, SecNames), rng(LimitPlanPath, SecNames), rng(LimitPlans, SecLimits), rng(LimitOverrides, SecLimits), str(LimitMatch),
		zero(27), zero(28), zero(29),
	}},
	{SecServices, wordsService, []field{
		str(ServiceName), str(ServiceCluster), str(ServiceDomain), enum(ServiceHow, 0, 1, OnErrorPass), enum(ServiceHow, 8, 0, serviceFlagsAll),
		high(ServiceHow, 16), opt(ServiceSecret, SecSecrets), zero(9),
	}},
	{SecForwards, wordsForward, []field{
		enum(ForwardHow, 0, 1, forwardKindEnd-1), enum(ForwardHow, 8, 0, CredentialsReplace), high(ForwardHow, 16),
		rng(ForwardFields, SecForwards), opt(ForwardSecret, SecSecrets), str(ForwardHeader), str(ForwardIssuer), str(ForwardAudience),
		rng(ForwardPath, SecNames), zero(13),
	}},
	{SecIndexes, wordsIndex, nil},
	{SecNames, wordsName, []field{str(NameText)}},
	{SecExprs, wordsExpr, []field{
		str(ExprMessage), str(ExprText), str(ExprWhere), rng(ExprCode, SecExprNodes), rng(ExprSaved, SecIndexes),
		bits(ExprFlags, 0, NoIndex, 0, exprFlagsAll), zero(13), zero(14), zero(15),
	}},
	{SecExprNodes, wordsExprNode, nil},
	{SecMeta, wordsMeta, []field{bits(MetaUnknown, 0, NoIndex, 1, maxAction), zero(1), zero(2), zero(3)}},
}

// WordsPerRecord is the number of 32-bit words in a record of s, 0 when s is
// no record section. It is for writers.
func WordsPerRecord(s Section) uint32 {
	for i := range layouts {
		if layouts[i].sec == s {
			return layouts[i].words
		}
	}
	return 0
}
