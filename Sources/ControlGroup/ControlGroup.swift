import PlatformC

/// The resource limits of the control groups that this process is in (cgroups(7)): versions 1 and 2, with the limits of all
/// parents, because each of them applies. On systems without control groups there are no limits.
package struct ControlGroup: Sendable {
  /// The contents of a file, or `nil`.
  private let read: @Sendable (String) -> String?

  package static let current = ControlGroup(reading: contents(ofFile:))

  package init(reading read: @escaping @Sendable (String) -> String?) { self.read = read }

  /// Processors that the CPU quota allows, or `nil` if there is none. Rounded up: with a quota of one and a half, two threads
  /// are better than one.
  package var processors: Int? {
    let version2 = folders(.version2).compactMap { folder in
      read(folder + "/cpu.max").flatMap(CPUQuota.init(max:))
    }
    let version1 = folders(.version1("cpu")).compactMap { folder in
      CPUQuota(
        quota: read(folder + "/cpu.cfs_quota_us"), period: read(folder + "/cpu.cfs_period_us"))
    }
    return (version2 + version1).map(\.processors).min()
  }

  /// Bytes of memory, or `nil` if there is no limit.
  package var memoryLimit: Int? {
    let version2 = folders(.version2).flatMap { folder in
      // Above memory.high the kernel slows the processes down.
      [read(folder + "/memory.max"), read(folder + "/memory.high")]
    }
    let version1 = folders(.version1("memory")).map { read($0 + "/memory.limit_in_bytes") }
    return (version2 + version1).compactMap { $0.flatMap(number) }
      // Version 1 writes "no limit" as the largest multiple of the page size.
      .filter { $0 > 0 && $0 < 1 << 60 }.min()
  }

  // MARK: Folders

  private enum Hierarchy {
    case version2
    /// With the name of a controller.
    case version1(String)
  }

  private struct Mount {
    let hierarchy: MountedHierarchy
    /// The group that is mounted.
    let root: String
    let point: String
  }

  private enum MountedHierarchy {
    case version2
    case version1(controllers: [Substring])
  }

  /// The folder of the process's group and those of its parents, as far as they are mounted.
  private func folders(_ hierarchy: Hierarchy) -> [String] {
    guard let path = path(in: hierarchy), let mount = mount(of: hierarchy) else { return [] }
    // Without a namespace for control groups, a container sees its group's path on the host, and that group mounted.
    let isBelowRoot = mount.root == "/" || path == mount.root || path.hasPrefix(mount.root + "/")
    let relative = isBelowRoot ? (mount.root == "/" ? path : String(path.dropFirst(mount.root.count))) : "/"
    var names = relative.split(separator: "/")
    // A group outside of the namespace has a path with "..": only the mounted group is visible.
    if names.contains("..") { names = [] }
    return (0...names.count).map { ([mount.point[...]] + names.prefix($0)).joined(separator: "/") }
  }

  /// From /proc/self/cgroup: `4:cpu,cpuacct:/system.slice`, and for version 2 `0::/system.slice`.
  private func path(in hierarchy: Hierarchy) -> String? {
    for line in lines("/proc/self/cgroup") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      switch hierarchy {
      case .version2: if parts[0] == "0", parts[1].isEmpty { return String(parts[2]) }
      case .version1(let controller):
        if parts[1].split(separator: ",").contains(controller[...]) { return String(parts[2]) }
      }
    }
    return nil
  }

  private func mount(of hierarchy: Hierarchy) -> Mount? {
    lines("/proc/self/mountinfo").lazy.compactMap(mount).first { mount in
      switch (hierarchy, mount.hierarchy) {
      case (.version2, .version2): true
      case (.version1(let controller), .version1(let controllers)): controllers.contains(controller[...])
      default: false
      }
    }
  }

  /// From a line of /proc/self/mountinfo (proc_pid_mountinfo(5)):
  /// `33 24 0:28 /docker/a1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu`.
  private func mount(line: Substring) -> Mount? {
    let words = line.split(separator: " ")
    guard let dash = words.firstIndex(of: "-"), dash >= 5, dash + 1 < words.count else { return nil }
    let hierarchy: MountedHierarchy
    switch words[dash + 1] {
    case "cgroup2": hierarchy = .version2
    case "cgroup": hierarchy = .version1(controllers: words.last?.split(separator: ",") ?? [])
    default: return nil
    }
    return Mount(hierarchy: hierarchy, root: String(words[3]), point: String(words[4]))
  }

  private func lines(_ path: String) -> [Substring] { read(path)?.split(separator: "\n") ?? [] }

  private func number(_ text: String) -> Int? { Int(text.prefix { $0 != "\n" }) }
}

/// Processor time in each period.
private struct CPUQuota {
  let processors: Int

  /// - Parameter text: of version 2's `cpu.max`: microseconds in each period, or `max`.
  init?(max text: String) {
    let words = text.split { $0 == " " || $0 == "\n" }
    guard words.count == 2 else { return nil }
    self.init(quota: String(words[0]), period: String(words[1]))
  }

  init?(quota: String?, period: String?) {
    func number(_ text: String?) -> Int? { text.flatMap { Int($0.prefix { $0 != "\n" }) } }
    guard let quota = number(quota), let period = number(period), quota > 0, period > 0,
      quota < Int.max - period
    else { return nil }
    processors = (quota + period - 1) / period
  }
}

/// Files of /proc and /sys have no size, so they are read to their end; 1 MiB at most.
private func contents(ofFile path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while bytes.count < 1 << 20 {
    let count = PlatformC.read(file, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { break }
    bytes += buffer.prefix(count)
  }
  return String(decoding: bytes, as: UTF8.self)
}
