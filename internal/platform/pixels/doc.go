// Package pixels is what the backends of all systems do with pixels: rectangles of damage, comparing
// pictures, shapes of the pointer, monitors within a picture. It is pure. Only backends import it.
package pixels
