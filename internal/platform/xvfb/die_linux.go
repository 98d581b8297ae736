package xvfb

import (
	"os/exec"
	"syscall"
)

// dieWithTest lets a killed test leave no server behind.
func dieWithTest(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
