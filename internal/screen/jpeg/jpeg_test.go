package jpeg

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// sample draws a w x h picture of a kind, with garbage as X.
func sample(kind string, w, h int) Image {
	rnd := rand.New(rand.NewPCG(3, uint64(w*h)))
	img := Image{Pix: make([]byte, (4*w+12)*h), Stride: 4*w + 12, W: w, H: h}
	for y := range h {
		for x := range w {
			var r, g, b int
			fx, fy := float64(x)/90, float64(y)/70
			switch kind {
			case "gradient":
				r, g, b = x*255/w, y*255/h, (x+y)*255/(w+h)
			case "photo": // soft shapes, edges and grain
				base := 120 + 70*math.Sin(fx+2*math.Sin(fy)) + 30*math.Cos(5*fx*fy/7)
				if (x/60+y/40)%3 == 0 {
					base -= 50
				}
				grain := rnd.NormFloat64() * 5
				r, g, b = int(base+grain), int(base*0.8+20+grain), int(200-base*0.6+grain)
			case "text":
				r, g, b = 250, 250, 250
				if y%14 < 10 && rnd.IntN(3) == 0 {
					v := rnd.IntN(4) * 60
					r, g, b = v, v, v
				}
			case "noise":
				r, g, b = rnd.IntN(256), rnd.IntN(256), rnd.IntN(256)
			case "black":
			case "white":
				r, g, b = 255, 255, 255
			case "extremes":
				if rnd.IntN(2) == 0 {
					r, g, b = 255, 255, 255
				}
			}
			p := img.Pix[y*img.Stride+4*x:]
			p[0], p[1], p[2], p[3] = clamp(b), clamp(g), clamp(r), byte(rnd.Uint32())
		}
	}
	return img
}

func clamp(v int) byte { return byte(min(max(v, 0), 255)) }

// rgba is img for the standard library.
func (img Image) rgba() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	for y := range img.H {
		for x := range img.W {
			p := img.Pix[y*img.Stride+4*x:]
			out.SetRGBA(x, y, color.RGBA{p[2], p[1], p[0], 255})
		}
	}
	return out
}

// decode must succeed with the right size.
func decode(t testing.TB, blob []byte, w, h int) *image.RGBA {
	t.Helper()
	decoded, err := jpeg.Decode(bytes.NewReader(blob))
	if err != nil {
		t.Fatalf("%dx%d: %v", w, h, err)
	}
	if got := decoded.Bounds(); got != image.Rect(0, 0, w, h) {
		t.Fatalf("bounds %v of %dx%d", got, w, h)
	}
	out := image.NewRGBA(decoded.Bounds())
	draw.Draw(out, out.Rect, decoded, image.Point{}, draw.Src)
	return out
}

// psnr of two pictures of the same size, in dB.
func psnr(a, b *image.RGBA) float64 {
	sum, n := 0.0, 0
	for i := range a.Pix {
		if i%4 < 3 {
			d := float64(a.Pix[i]) - float64(b.Pix[i])
			sum += d * d
			n++
		}
	}
	if sum == 0 {
		return 99
	}
	return 10 * math.Log10(255*255*float64(n)/sum)
}

// standard encodes as image/jpeg does from 4:2:0.
func standard(t testing.TB, img *image.RGBA, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAsGoodAsTheStandard compares with image/jpeg: no larger, and as close to the picture.
func TestAsGoodAsTheStandard(t *testing.T) {
	for _, kind := range []string{"photo", "text", "gradient", "noise"} {
		for _, quality := range []int{10, 30, 50, 75, 90, 100} {
			t.Run(fmt.Sprintf("%s/%d", kind, quality), func(t *testing.T) {
				img := sample(kind, 320, 240)
				want := img.rgba()
				var e Encoder
				ours := e.Append(nil, img, quality)
				theirs := standard(t, want, quality)
				got, other := psnr(want, decode(t, ours, 320, 240)), psnr(want, decode(t, theirs, 320, 240))
				t.Logf("%d and %d bytes, %.2f and %.2f dB", len(ours), len(theirs), got, other)
				if len(ours) > len(theirs) {
					t.Errorf("%d bytes, the standard's has %d", len(ours), len(theirs))
				}
				if got < other-0.1 {
					t.Errorf("%.2f dB, the standard's has %.2f", got, other)
				}
			})
		}
	}
}

// TestEverySize decodes all sizes up to 70x70, each of another kind and quality.
func TestEverySize(t *testing.T) {
	kinds := []string{"photo", "text", "gradient", "noise", "black", "white", "extremes"}
	var e Encoder
	var blob []byte
	n := 0
	for h := 1; h <= 70; h++ {
		for w := 1; w <= 70; w++ {
			img := sample(kinds[n%len(kinds)], w, h)
			quality := 1 + n*37%100
			blob = e.Append(blob[:0], img, quality)
			got := decode(t, blob, w, h)
			if n%97 == 0 { // as close as the standard's
				want := img.rgba()
				theirs := psnr(want, decode(t, standard(t, want, quality), w, h))
				if ours := psnr(want, got); ours < theirs-0.6 {
					t.Errorf("%s of %dx%d, quality %d: %.2f dB, the standard's has %.2f", kinds[n%len(kinds)], w, h, quality, ours, theirs)
				}
			}
			n++
		}
	}
}

// TestSeams: an image done in parts on several cores is the same, byte for byte.
func TestSeams(t *testing.T) {
	for _, size := range [][2]int{{1, 17}, {33, 100}, {200, 70}, {640, 400}} {
		for _, kind := range []string{"photo", "noise", "extremes"} {
			img := sample(kind, size[0], size[1])
			var e Encoder
			want := e.append(nil, img, 75, 1)
			for _, parts := range []int{2, 3, 7, 1000} {
				if got := e.append([]byte("before"), img, 75, parts); string(got) != "before"+string(want) {
					t.Errorf("%s %v: %d parts are another image than one", kind, size, parts)
				}
			}
		}
	}
}

// TestTransform compares with the DCT of T.81, A.3.3, on both halves of the pairs.
func TestTransform(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for round := range 200 {
		var w [64]pair
		var a, b [64]int
		for i := range w {
			a[i], b[i] = rnd.IntN(256)-128, rnd.IntN(256)-128
			if round%4 == 0 { // the largest numbers that can come
				a[i], b[i] = rnd.IntN(2)*255-128, -128
			}
			w[i] = pair(a[i]<<sampleBits) + pair(b[i]<<sampleBits)<<32
		}
		transform(&w)
		for row := range 8 {
			for column := range 8 {
				p := w[row*8+column]
				low := int64(int32(p))
				bits := middleBits
				if column%4 != 0 {
					bits += factorBits
				}
				scale := float64(int(1)<<bits) * 8 * aanScale[row] * aanScale[column]
				gotA, gotB := float64(low)/scale, float64((p-low)>>32)/scale
				wantA, wantB := dct(&a, row, column), dct(&b, row, column)
				if math.Abs(gotA-wantA) > 0.4 || math.Abs(gotB-wantB) > 0.4 {
					t.Fatalf("coefficient %d,%d: %.2f and %.2f, not %.2f and %.2f", row, column, gotA, gotB, wantA, wantB)
				}
			}
		}
	}
}

func dct(s *[64]int, v, u int) (sum float64) {
	for y := range 8 {
		for x := range 8 {
			sum += float64(s[y*8+x]) * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*y+1)*float64(v)*math.Pi/16)
		}
	}
	for _, k := range [2]int{u, v} {
		if k == 0 {
			sum /= math.Sqrt2
		}
	}
	return sum / 4
}

// TestCodes: codes are a prefix code without one of all ones, none is too long, even where
// Huffman's own would be.
func TestCodes(t *testing.T) {
	fibonacci := make([]uint32, 256)
	a, b := uint32(1), uint32(1)
	for i := range 40 {
		fibonacci[i*3] = a
		a, b = b, a+b
	}
	even := make([]uint32, 256)
	for i := range even {
		even[i] = 9
	}
	for name, counts := range map[string][]uint32{"one": {0, 5}, "two": {1, 1000}, "fibonacci": fibonacci, "even": even} {
		var table codeTable
		table.build(counts)
		of := make([]uint32, 256)
		table.assign(of)
		used, space := 0, 0
		for symbol, n := range counts {
			code, length := of[symbol]>>5, of[symbol]&31
			if n == 0 {
				continue
			}
			used++
			if length < 1 || length > maxCode || code >= 1<<length-1 {
				t.Errorf("%s: symbol %d has code %b of %d bits", name, symbol, code, length)
			}
			space += 1 << (maxCode - length)
		}
		if used != len(table.symbols) || space >= 1<<maxCode {
			t.Errorf("%s: %d symbols of %d, codes take %d of %d", name, len(table.symbols), used, space, 1<<maxCode)
		}
	}
}

// TestDoesNotAllocate: nothing in the steady state; a goroutine and its function for each
// further core.
func TestDoesNotAllocate(t *testing.T) {
	img := sample("photo", 640, 400)
	var e Encoder
	var blob []byte
	for _, c := range []struct{ parts, most int }{{1, 0}, {2, 6}} {
		if got := testing.AllocsPerRun(10, func() { blob = e.append(blob[:0], img, 75, c.parts) }); got > float64(c.most) {
			t.Errorf("%v allocations in %d parts", got, c.parts)
		}
	}
}

// FuzzAppend: whatever the pixels are, the standard library decodes what comes out.
func FuzzAppend(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7}, uint8(17), uint8(1), uint8(100))
	f.Add([]byte{0xff, 0, 0}, uint8(40), uint8(33), uint8(5))
	f.Fuzz(func(t *testing.T, pixels []byte, w, h, quality uint8) {
		if w == 0 || h == 0 || len(pixels) == 0 {
			return
		}
		img := Image{Pix: make([]byte, int(w)*int(h)*4), Stride: int(w) * 4, W: int(w), H: int(h)}
		for i := range img.Pix {
			img.Pix[i] = pixels[i%len(pixels)]
		}
		var e Encoder
		decode(t, e.Append(nil, img, int(quality)), int(w), int(h))
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, kind := range []string{"photo", "text", "noise"} {
		for _, size := range [][2]int{{64, 64}, {640, 360}, {1920, 1080}} {
			img := sample(kind, size[0], size[1])
			for _, parts := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%dx%d/%d", kind, size[0], size[1], parts), func(b *testing.B) {
					var e Encoder
					var blob []byte
					b.SetBytes(int64(size[0] * size[1]))
					b.ReportAllocs()
					for b.Loop() {
						blob = e.append(blob[:0], img, 75, parts)
					}
					b.ReportMetric(float64(len(blob)), "bytes")
				})
			}
		}
	}
}
