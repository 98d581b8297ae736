package jpeg

import "slices"

// maxCode is the longest code of a baseline JPEG in bits.
const maxCode = 16

// codes are the Huffman codes of an image, by token's bits 8-9.
type codes struct {
	of     [symbols]uint32 // by code and symbol: the bits << 5 | their number
	bytes  int             // of the scan, before stuffing
	counts [symbols]uint32
	tables [4]codeTable
}

// codeTable is one code as the file describes it.
type codeTable struct {
	lengths [maxCode + 1]byte // number of codes of each length
	symbols []byte            // in the order of their codes
	memory  [256]byte
}

// build makes the best codes for the tokens of all strips.
func (c *codes) build(strips []strip) {
	clear(c.counts[:])
	for i := range strips {
		for k, n := range &strips[i].counts {
			c.counts[k] += n
		}
	}
	total := 0
	for i := range c.tables {
		of := c.of[i<<codeShift:][:1<<codeShift]
		counts := c.counts[i<<codeShift:][:1<<codeShift]
		c.tables[i].build(counts)
		c.tables[i].assign(of)
		for symbol, n := range counts {
			if n > 0 {
				total += int(n) * int(of[symbol]&31+uint32(symbol)&15)
			}
		}
	}
	c.bytes = (total + 7) / 8
}

// build finds the lengths of the codes: Huffman's, then none longer than maxCode, by T.81,
// K.2. A code for a symbol that does not occur keeps the last of the longest codes free:
// codes of ones only are not allowed.
func (t *codeTable) build(counts []uint32) {
	var leaves [257]uint64 // count << 9 | symbol + 1, so that the free code comes first
	n := 1
	leaves[0] = 1 << 9
	for symbol, count := range counts {
		if count > 0 {
			leaves[n] = uint64(count)<<9 | uint64(symbol+1)
			n++
		}
	}
	slices.Sort(leaves[:n])

	// Two queues, each in ascending order of weight: leaves, and inner nodes as they are made.
	// Nodes 0..n-1 are leaves, n..2n-2 inner ones, the last the root.
	var weights [2 * 257]uint64
	var parents [2 * 257]uint16
	for i, leaf := range leaves[:n] {
		weights[i] = leaf >> 9
	}
	leaf, inner := 0, n
	for node := n; node < 2*n-1; node++ {
		for range 2 {
			least := inner
			if leaf < n && (inner == node || weights[leaf] <= weights[inner]) {
				least = leaf
				leaf++
			} else {
				inner++
			}
			weights[node] += weights[least]
			parents[least] = uint16(node)
		}
	}
	var depths [2 * 257]uint8
	var lengths [257]int // number of codes of each length
	longest := 1
	for node := 2*n - 3; node >= 0; node-- {
		depths[node] = depths[parents[node]] + 1
		if node < n {
			lengths[depths[node]]++
			longest = max(longest, int(depths[node]))
		}
	}
	for i := longest; i > maxCode; i-- {
		for lengths[i] > 0 {
			j := i - 2
			for lengths[j] == 0 {
				j--
			}
			lengths[i] -= 2 // one takes the place of their prefix, and the other,
			lengths[i-1]++
			lengths[j+1] += 2 // with one of a shorter length, a place below that one's
			lengths[j]--
		}
	}
	longest = min(longest, maxCode)
	for lengths[longest] == 0 {
		longest--
	}
	lengths[longest]--

	for i := range t.lengths {
		t.lengths[i] = byte(lengths[i])
	}
	t.symbols = t.memory[:0]
	for i := n - 1; i > 0; i-- {
		t.symbols = append(t.symbols, byte(leaves[i]&511-1))
	}
}

// assign gives the symbols their codes (T.81, C.2).
func (t *codeTable) assign(of []uint32) {
	code, k := uint32(0), 0
	for length := 1; length <= maxCode; length++ {
		for range t.lengths[length] {
			of[t.symbols[k]] = code<<5 | uint32(length)
			code++
			k++
		}
		code <<= 1
	}
}
