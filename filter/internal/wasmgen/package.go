package wasmgen

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"
)

// source is a type-checked package, as it is for GOARCH=wasm.
type source struct {
	fset  *token.FileSet
	info  *types.Info
	sizes types.Sizes
	funcs map[types.Object]*ast.FuncDecl
	names map[string]*ast.FuncDecl
	// directives has the comments of the tool by file and line.
	directives map[string]map[int]string
	errs       []error
	pkg        *types.Package
}

// load parses and checks the package in dir. Imports but math/bits and those of
// the same module, whose types and constants can be used, are empty packages:
// whatever depends on them has no type, and cannot be translated.
func load(dir string) (*source, error) {
	s := &source{
		fset:       token.NewFileSet(),
		sizes:      types.SizesFor("gc", "wasm"),
		funcs:      map[types.Object]*ast.FuncDecl{},
		names:      map[string]*ast.FuncDecl{},
		directives: map[string]map[int]string{},
		info: &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
			Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		},
	}
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "wasip1", "wasm", false
	bp, err := ctx.ImportDir(dir, 0)
	if err != nil {
		return nil, fmt.Errorf("list package: %w", err)
	}
	var files []*ast.File
	for _, name := range bp.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		s.scanDirectives(f)
	}
	conf := types.Config{
		Importer: fakeImporter{importer.ForCompiler(s.fset, "source", nil).(types.ImporterFrom), dir},
		Sizes:    s.sizes,
		Error:    func(err error) { s.errs = append(s.errs, err) },
	}
	s.pkg, _ = conf.Check(bp.Name, s.fset, files, s.info)
	for _, f := range files {
		for _, d := range f.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv == nil && fd.Body != nil {
				s.funcs[s.info.Defs[fd.Name]] = fd
				s.names[fd.Name.Name] = fd
			}
		}
	}
	return s, nil
}

func (s *source) scanDirectives(f *ast.File) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			text, ok := strings.CutPrefix(c.Text, "//wasmgen:")
			if !ok {
				continue
			}
			pos := s.fset.Position(c.Pos())
			if s.directives[pos.Filename] == nil {
				s.directives[pos.Filename] = map[int]string{}
			}
			s.directives[pos.Filename][pos.Line] = text
		}
	}
}

// directive returns the directive on the line before pos.
func (s *source) directive(pos token.Pos) string {
	p := s.fset.Position(pos)
	return s.directives[p.Filename][p.Line-1]
}

// memoryOp returns the size of the load or store that a function stands for.
func memoryOp(fd *ast.FuncDecl, kind string) (int, bool) {
	if fd.Doc == nil {
		return 0, false
	}
	for _, c := range fd.Doc.List {
		if text, ok := strings.CutPrefix(c.Text, "//wasmgen:"+kind+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(text))
			return n, err == nil
		}
	}
	return 0, false
}

// isCold reports whether a function is marked as rarely run.
func isCold(fd *ast.FuncDecl) bool {
	if fd.Doc == nil {
		return false
	}
	for _, c := range fd.Doc.List {
		if c.Text == "//wasmgen:cold" {
			return true
		}
	}
	return false
}

type fakeImporter struct {
	source types.ImporterFrom
	dir    string
}

// module is the path that the module's packages begin with.
const module = "portcullis/"

func (f fakeImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if path == "math/bits" || strings.HasPrefix(path, module) {
		return f.source.ImportFrom(path, f.dir, 0)
	}
	p := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	p.MarkComplete()
	return p, nil
}
