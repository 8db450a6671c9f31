// The C library of the platform, re-exported: the one place that knows its name.
#if canImport(Darwin)
  @_exported import Darwin
#elseif canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#else
  #error("The name of this platform's C library is not known here.")
#endif
