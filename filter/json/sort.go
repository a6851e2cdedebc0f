package json

// order is a strict total order, so that equal elements need no stability.
type order[E uint32 | uint64] interface{ less(a, b E) bool }

// heapSort sorts v. A heap sort has no input that makes it slow, and needs no
// memory.
func heapSort[E uint32 | uint64, O order[E]](v []E, o O) {
	for root := len(v)/2 - 1; root >= 0; root-- {
		siftDown(v, root, o)
	}
	for last := len(v) - 1; last > 0; last-- {
		v[0], v[last] = v[last], v[0]
		siftDown(v[:last], 0, o)
	}
}

func siftDown[E uint32 | uint64, O order[E]](v []E, root int, o O) {
	for {
		child := 2*root + 1
		if child >= len(v) {
			return
		}
		if child+1 < len(v) && o.less(v[child], v[child+1]) {
			child++
		}
		if !o.less(v[root], v[child]) {
			return
		}
		v[root], v[child] = v[child], v[root]
		root = child
	}
}
