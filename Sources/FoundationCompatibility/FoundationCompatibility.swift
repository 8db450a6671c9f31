// FoundationEssentials where it exists, which spares the binary the rest of Foundation and its Unicode data; elsewhere
// Foundation, re-exported under one name.
#if canImport(FoundationEssentials)
  @_exported import FoundationEssentials
#else
  @_exported import Foundation
#endif
