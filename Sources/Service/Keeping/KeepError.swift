import FoundationCompatibility
import PlatformC

/// Why a folder cannot take kept images.
package enum KeepError: Error, Equatable, CustomStringConvertible {
  case symbolicLink(String)
  case notFolder(String)
  case notOwned(String)
  case readOnly(String)
  case foreign(String, entry: String)
  case inUse(String)
  case system(String, code: Int32)

  package var description: String {
    switch self {
    case .symbolicLink(let path): "\(path) is a symbolic link; name the folder itself"
    case .notFolder(let path): "\(path) is not a folder; name a folder, or one that does not exist yet"
    case .notOwned(let path):
      "\(path) belongs to another user; name a folder inside it, which the service makes for itself"
    case .readOnly(let path): "\(path) is not writable for its owner; see 'chmod u+rwx'"
    case .foreign(let path, let entry):
      "\(path) has files that the service did not write, such as '\(entry.excerpt)'; name an empty or a new folder"
    case .inUse(let path): "\(path) is in use by another service; name a folder for each"
    case .system(let path, let code): "\(path): \(systemErrorText(code))"
    }
  }
}

/// A failed call of the system on one file.
package struct FileFault: Error, Equatable {
  let name: String
  let code: Int32

  init(_ name: String, _ code: Int32 = errno) { (self.name, self.code) = (name, code) }
}
