// Package sdkhost runs the filter's module under the Tetrate Go SDK's proxytest emulator: a second opinion on the ABI from people who did not
// write it.
//
// The emulator can't run the module as it is. It starts a command, not a reactor, and it lacks some host calls. So it gets a rewritten copy: an
// export _start for the function _initialize, and for each import that the emulator does not have a function inside the module in its place
// (Rewrite). A missing call answers UNIMPLEMENTED, except the clock, which asks WASI. Callbacks that the module does not have and the emulator calls
// all the same are added, and proxy_on_log goes on to proxy_on_done and proxy_on_delete, which the emulator never calls.
//
// What the emulator can't do, and this package does not pretend: it has one instance in a process behind a global lock, one worker, no
// buffering or limits of its own, no answers to HTTP calls, no collection of response
// phases after a local reply, and its clocks start at 2022-01-01 and move a millisecond with each look.
package sdkhost
