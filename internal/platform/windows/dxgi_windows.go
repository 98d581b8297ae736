package windows

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
)

// Desktop duplication by DXGI and Direct3D 11: only the calls. What is made of them is in duplicate.go.
var (
	dxgi  = sys.NewLazySystemDLL("dxgi.dll")
	d3d11 = sys.NewLazySystemDLL("d3d11.dll")

	procCreateDXGIFactory1 = dxgi.NewProc("CreateDXGIFactory1")
	procD3D11CreateDevice  = d3d11.NewProc("D3D11CreateDevice")

	iidFactory1  = sys.GUID{Data1: 0x770aae78, Data2: 0xf26f, Data3: 0x4dba, Data4: [8]byte{0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}}
	iidOutput1   = sys.GUID{Data1: 0x00cddea8, Data2: 0x939b, Data3: 0x4b83, Data4: [8]byte{0xa3, 0x40, 0xa6, 0x85, 0x22, 0x66, 0x66, 0xcc}}
	iidTexture2D = sys.GUID{Data1: 0x6f15aaf2, Data2: 0xd208, Data3: 0x4e89, Data4: [8]byte{0x9a, 0xb4, 0x48, 0x95, 0x35, 0xd3, 0x4f, 0x9c}}
)

// object is one of COM, which is Windows' memory.
type object struct{ methods *[64]uintptr }

// Methods by their place: those of the interfaces that one inherits from come first.
const (
	queryInterface        = 0
	release               = 2
	deviceCreateTexture2D = 5
	adapterEnumOutputs    = 7
	outputGetDesc         = 7
	duplicationGetDesc    = 7
	acquireNextFrame      = 8
	getFrameDirtyRects    = 9
	getFrameMoveRects     = 10
	factoryEnumAdapters1  = 12
	contextMap            = 14
	contextUnmap          = 15
	releaseFrame          = 14
	outputDuplicate       = 22
	contextCopyRegion     = 46
	contextCopyResource   = 47
)

// hresult is what a method answers.
type hresult uint32

const (
	dxgiUnsupported  hresult = 0x887a0004
	dxgiWaitTimeout  hresult = 0x887a0027
	notImplemented   hresult = 0x80004001
	formatBGRA               = 87
	mostRects                = 256 // reported ones that are asked for; more are as good as all
	notTurned                = 1   // DXGI_MODE_ROTATION_IDENTITY; 0 is not said
	sdkVersion               = 7
	usageStaging             = 3
	cpuRead                  = 0x20000
	mapRead                  = 1
	bytesOfRect              = 16
	bytesOfMovedRect         = 24
)

func (h hresult) Error() string { return fmt.Sprintf("HRESULT %#08x", uint32(h)) }

// do calls a method.
//
//go:uintptrescapes
func (o *object) do(method int, a ...uintptr) error {
	var all [12]uintptr
	all[0] = uintptr(unsafe.Pointer(o))
	n := 1 + copy(all[1:], a)
	r, _, _ := syscall.SyscallN(o.methods[method], all[:n]...)
	if h := hresult(r); h&0x80000000 != 0 {
		return h
	}
	return nil
}

func (o *object) release() {
	if o != nil {
		_ = o.do(release) // answers how many references are left
	}
}

// as asks for another interface.
func (o *object) as(iid *sys.GUID) (*object, error) {
	var other *object
	err := o.do(queryInterface, uintptr(unsafe.Pointer(iid)), uintptr(unsafe.Pointer(&other)))
	return other, err
}

type outputDesc struct {
	device   [32]uint16
	place    rect
	attached int32
	rotation uint32
	monitor  uintptr
}

type duplicationDesc struct {
	width, height uint32
	refresh       [2]uint32
	format        uint32
	_             [2]uint32
	rotation      uint32
	inMemory      int32
}

type frameInfo struct {
	presented, pointerMoved int64
	frames                  uint32
	coalesced, masked       int32
	pointer                 point
	pointerShown            int32
	metadata, shape         uint32
}

type textureDesc struct {
	width, height, mips, array, format uint32
	samples, quality                   uint32
	usage, bind, cpu, misc             uint32
}

type mapped struct {
	data               *byte
	rowPitch, depthPit uint32
}

// dxgiCopy duplicates one output into a texture that the processor can read.
type dxgiCopy struct {
	device, context, duplication, staging *object
	held                                  bool // a frame is
	ready                                 bool // staging holds a picture
	w, h                                  int
	// Here rather than on the stack, since Windows writes to them.
	info     frameInfo
	resource *object
	texture  *object
	map_     mapped
	box      [6]uint32
	needed   uint32
	dirty    [mostRects]rect
	moved    [mostRects]movedRect
}

// openDuplications opens those of all monitors of the virtual screen that have one. The error says why others have
// not.
func openDuplications(at virtual) ([]*output, error) {
	if err := missing(procCreateDXGIFactory1, procD3D11CreateDevice); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoDuplication, err)
	}
	var factory *object
	if r, _ := call(procCreateDXGIFactory1, uintptr(unsafe.Pointer(&iidFactory1)), uintptr(unsafe.Pointer(&factory))); factory == nil {
		return nil, fmt.Errorf("%w: CreateDXGIFactory1: %w", errNoDuplication, hresult(r))
	}
	defer factory.release()
	var list []*output
	var errs error
	later := false
	for a := uintptr(0); ; a++ {
		var adapter *object
		if factory.do(factoryEnumAdapters1, a, uintptr(unsafe.Pointer(&adapter))) != nil {
			break
		}
		for n := uintptr(0); ; n++ {
			var monitor *object
			if adapter.do(adapterEnumOutputs, n, uintptr(unsafe.Pointer(&monitor))) != nil {
				break
			}
			o, err := duplicate(adapter, monitor, at)
			monitor.release()
			if o != nil {
				list = append(list, o)
			}
			errs = errors.Join(errs, err)
			later = later || err != nil && !errors.Is(err, errNoDuplication)
		}
		adapter.release()
	}
	switch {
	case len(list) > 0:
		return list, errs
	case later:
		return nil, errs
	}
	return nil, errors.Join(errNoDuplication, errs)
}

// duplicate begins to duplicate a monitor. One that shows nothing of the desktop gives neither an output nor an error.
func duplicate(adapter, monitor *object, at virtual) (*output, error) {
	var desc outputDesc
	if err := monitor.do(outputGetDesc, uintptr(unsafe.Pointer(&desc))); err != nil {
		return nil, fmt.Errorf("IDXGIOutput.GetDesc: %w", err)
	}
	p := desc.place
	area := screen.Rect{X: int(p.left) - at.x, Y: int(p.top) - at.y, W: int(p.right - p.left), H: int(p.bottom - p.top)}
	switch {
	case desc.attached == 0:
		return nil, nil
	case desc.rotation > notTurned:
		return nil, fmt.Errorf("%w: a monitor is turned", errNoDuplication)
	case area.W < 1 || pixels.Clip(area, at.w, at.h) != area:
		return nil, errors.New("windows: the monitors are changing")
	}
	c := &dxgiCopy{w: area.W, h: area.H}
	if err := c.open(adapter, monitor); err != nil {
		c.close()
		return nil, err
	}
	return &output{area: area, copy: c}, nil
}

func (c *dxgiCopy) open(adapter, monitor *object) error {
	r, _ := call(procD3D11CreateDevice, uintptr(unsafe.Pointer(adapter)), 0, 0, 0, 0, 0, sdkVersion,
		uintptr(unsafe.Pointer(&c.device)), 0, uintptr(unsafe.Pointer(&c.context)))
	if c.device == nil || c.context == nil {
		return fmt.Errorf("%w: D3D11CreateDevice: %w", errNoDuplication, hresult(r))
	}
	output1, err := monitor.as(&iidOutput1)
	if err != nil {
		return fmt.Errorf("%w: IDXGIOutput1: %w", errNoDuplication, err)
	}
	defer output1.release()
	err = output1.do(outputDuplicate, uintptr(unsafe.Pointer(c.device)), uintptr(unsafe.Pointer(&c.duplication)))
	switch {
	case errors.Is(err, dxgiUnsupported), errors.Is(err, notImplemented):
		return fmt.Errorf("%w: DuplicateOutput: %w", errNoDuplication, err)
	case err != nil:
		return fmt.Errorf("DuplicateOutput: %w", err)
	}
	var desc duplicationDesc
	_ = c.duplication.do(duplicationGetDesc, uintptr(unsafe.Pointer(&desc))) // answers nothing
	if int(desc.width) != c.w || int(desc.height) != c.h || desc.rotation > notTurned {
		return fmt.Errorf("windows: a monitor of %d x %d has a picture of %d x %d", c.w, c.h, desc.width, desc.height)
	}
	staging := textureDesc{width: desc.width, height: desc.height, mips: 1, array: 1, format: formatBGRA, samples: 1, usage: usageStaging, cpu: cpuRead}
	if err := c.device.do(deviceCreateTexture2D, uintptr(unsafe.Pointer(&staging)), 0, uintptr(unsafe.Pointer(&c.staging))); err != nil {
		return fmt.Errorf("CreateTexture2D: %w", err)
	}
	return nil
}

// next implements duplication.
func (c *dxgiCopy) next(changed []screen.Rect) (rects []screen.Rect, all, ready bool, err error) {
	if c.held { // until now: so Windows gathers what changes in one frame
		c.held = false
		if err := c.duplication.do(releaseFrame); err != nil {
			return changed, false, c.ready, fmt.Errorf("ReleaseFrame: %w", err)
		}
	}
	c.resource = nil
	err = c.duplication.do(acquireNextFrame, 0, uintptr(unsafe.Pointer(&c.info)), uintptr(unsafe.Pointer(&c.resource)))
	if errors.Is(err, dxgiWaitTimeout) {
		return changed, false, c.ready, nil
	}
	if err != nil {
		return changed, false, c.ready, fmt.Errorf("AcquireNextFrame: %w", err)
	}
	c.held = true
	defer c.resource.release()
	if c.info.presented == 0 { // only the pointer
		return changed, false, c.ready, nil
	}
	c.texture = nil
	if err := c.resource.do(queryInterface, uintptr(unsafe.Pointer(&iidTexture2D)), uintptr(unsafe.Pointer(&c.texture))); err != nil {
		return changed, false, c.ready, fmt.Errorf("ID3D11Texture2D: %w", err)
	}
	defer c.texture.release()
	moved, dirty, known := c.reported()
	if !known || !c.ready {
		_ = c.context.do(contextCopyResource, uintptr(unsafe.Pointer(c.staging)), uintptr(unsafe.Pointer(c.texture))) // answers nothing
		c.ready = true
		return changed, true, true, nil
	}
	had := len(changed)
	changed = reportedDamage(changed, moved, dirty, c.w, c.h)
	for _, r := range changed[had:] {
		c.box = [6]uint32{uint32(r.X), uint32(r.Y), 0, uint32(r.X + r.W), uint32(r.Y + r.H), 1}
		_ = c.context.do(contextCopyRegion, uintptr(unsafe.Pointer(c.staging)), 0, uintptr(r.X), uintptr(r.Y), 0,
			uintptr(unsafe.Pointer(c.texture)), 0, uintptr(unsafe.Pointer(&c.box))) // answers nothing
	}
	return changed, false, true, nil
}

// reported is what Windows says has changed, if it says.
func (c *dxgiCopy) reported() (moved []movedRect, dirty []rect, known bool) {
	if c.info.metadata == 0 {
		return nil, nil, false
	}
	if c.duplication.do(getFrameMoveRects, unsafe.Sizeof(c.moved), uintptr(unsafe.Pointer(&c.moved)), uintptr(unsafe.Pointer(&c.needed))) != nil {
		return nil, nil, false
	}
	moved = c.moved[:min(c.needed/bytesOfMovedRect, mostRects)]
	if c.duplication.do(getFrameDirtyRects, unsafe.Sizeof(c.dirty), uintptr(unsafe.Pointer(&c.dirty)), uintptr(unsafe.Pointer(&c.needed))) != nil {
		return nil, nil, false
	}
	return moved, c.dirty[:min(c.needed/bytesOfRect, mostRects)], true
}

// lend implements duplication.
func (c *dxgiCopy) lend() (pix []byte, stride int, err error) {
	if err := c.context.do(contextMap, uintptr(unsafe.Pointer(c.staging)), 0, mapRead, 0, uintptr(unsafe.Pointer(&c.map_))); err != nil {
		return nil, 0, fmt.Errorf("Map: %w", err)
	}
	stride = int(c.map_.rowPitch)
	if c.map_.data == nil || stride < 4*c.w {
		c.giveBack()
		return nil, 0, errors.New("windows: a texture without its pixels")
	}
	return unsafe.Slice(c.map_.data, (c.h-1)*stride+4*c.w), stride, nil
}

// giveBack implements duplication.
func (c *dxgiCopy) giveBack() {
	_ = c.context.do(contextUnmap, uintptr(unsafe.Pointer(c.staging)), 0) // answers nothing
}

func (c *dxgiCopy) close() {
	if c.held {
		_ = c.duplication.do(releaseFrame) // it may be lost already
	}
	for _, o := range []*object{c.staging, c.duplication, c.context, c.device} {
		o.release()
	}
	*c = dxgiCopy{}
}
