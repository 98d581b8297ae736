package transfer

import "sync"

// Bounds of a mailbox.
const (
	maxJobs = 4096
	maxMail = 4 << 20 // bytes of chunks
)

// mailbox holds what waits for the goroutine of Files. Who puts never waits.
type mailbox struct {
	wake chan struct{} // capacity 1

	mu     sync.Mutex
	jobs   []func() // guarded by mu, as all below
	bytes  int
	newest int // job of the last latest that no own one has followed, from 1; 0: none
}

// put queues a job of a viewer, which holds so many bytes of a file. It is lost when there is no room:
// whoever has said it says it again.
func (m *mailbox) put(job func(), bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.jobs) < maxJobs && (bytes == 0 || m.bytes+bytes <= maxMail) {
		m.bytes += bytes
		m.addLocked(job)
	}
}

// own queues a job of this computer's side. It always has room: no viewer may push aside what the guest
// says, and the guest alone says little.
func (m *mailbox) own(job func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addLocked(job)
	m.newest = 0
}

// latest is own for news that replaces older news of its kind, of which the broker may cause any
// number: in a full mailbox it takes their place.
func (m *mailbox) latest(job func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.newest > 0 && len(m.jobs) >= maxJobs {
		m.jobs[m.newest-1] = job
		return
	}
	m.addLocked(job)
	m.newest = len(m.jobs)
}

func (m *mailbox) addLocked(job func()) {
	m.jobs = append(m.jobs, job)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	jobs := m.jobs
	m.jobs, m.bytes, m.newest = nil, 0, 0
	return jobs
}
