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

	mu    sync.Mutex
	jobs  []func() // guarded by mu, as all below
	bytes int
}

// put queues a job that holds so many bytes of a file. false: there was no room.
func (m *mailbox) put(job func(), bytes int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.jobs) >= maxJobs || bytes > 0 && m.bytes+bytes > maxMail {
		return false
	}
	m.jobs = append(m.jobs, job)
	m.bytes += bytes
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	jobs := m.jobs
	m.jobs, m.bytes = nil, 0
	return jobs
}
