import ControlGroup
import Testing

/// The files that a process sees, as they were read on real systems, shortened to the lines that matter.
private let systemd: [String: String] = [
  "/proc/self/cgroup": "0::/system.slice/yolox.service\n",
  "/proc/self/mountinfo":
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
]

private let dockerVersion1: [String: String] = [
  "/proc/self/cgroup": """
  12:memory:/docker/3f2a
  5:cpu,cpuacct:/docker/3f2a
  1:name=systemd:/docker/3f2a
  0::/system.slice/containerd.service

  """,
  "/proc/self/mountinfo": """
  700 680 0:60 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755
  701 700 0:30 /docker/3f2a /sys/fs/cgroup/systemd ro,nosuid,nodev - cgroup cgroup rw,xattr,name=systemd
  709 700 0:33 /docker/3f2a /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev - cgroup cgroup rw,cpu,cpuacct
  712 700 0:40 /docker/3f2a /sys/fs/cgroup/memory ro,nosuid,nodev - cgroup cgroup rw,memory

  """,
]

@Suite("The limits of control groups")
struct ControlGroupTests {
  private func group(_ files: [String: String], _ more: [String: String] = [:]) -> ControlGroup {
    let all = files.merging(more) { $1 }
    return ControlGroup { all[$0] }
  }

  @Test("take the CPU quota of the service's own group, rounded up")
  func ownQuota() {
    let folder = "/sys/fs/cgroup/system.slice/yolox.service"
    #expect(group(systemd, [folder + "/cpu.max": "150000 100000\n"]).processors == 2)
    #expect(group(systemd, [folder + "/cpu.max": "max 100000\n"]).processors == nil)
    #expect(group(systemd).processors == nil)
  }

  @Test("take the smallest CPU quota of all parents, such as CPUQuota= of a slice")
  func parentsQuota() {
    let files = [
      "/sys/fs/cgroup/system.slice/yolox.service/cpu.max": "800000 100000\n",
      "/sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n",
    ]
    #expect(group(systemd, files).processors == 3)
  }

  @Test("read a container with version 1, which sees its group under its path on the host")
  func version1() {
    let files = [
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
    ]
    let group = group(dockerVersion1, files)
    #expect(group.processors == 2)
    #expect(group.memoryLimit == 512 << 20)
  }

  @Test("take version 1's values for no limit as none")
  func unlimitedVersion1() {
    let files = [
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ]
    #expect(group(dockerVersion1, files).processors == nil)
    #expect(group(dockerVersion1, files).memoryLimit == nil)
  }

  @Test("take the smallest memory limit of the group and its parents, memory.high included")
  func memory() {
    let files = [
      "/sys/fs/cgroup/system.slice/yolox.service/memory.max": "max\n",
      "/sys/fs/cgroup/system.slice/yolox.service/memory.high": "1073741824\n",
      "/sys/fs/cgroup/system.slice/memory.max": "2147483648\n",
    ]
    #expect(group(systemd, files).memoryLimit == 1 << 30)
  }

  @Test("read the mounted group of a container with its own namespace, and of one outside of it")
  func namespaces() {
    let files = ["/sys/fs/cgroup/cpu.max": "100000 100000\n"]
    for path in ["0::/\n", "0::/../other\n"] {
      #expect(group(systemd, files.merging(["/proc/self/cgroup": path]) { $1 }).processors == 1)
    }
  }

  @Test("are none where there are no control groups, or nothing that can be understood")
  func none() {
    #expect(group([:]).processors == nil && group([:]).memoryLimit == nil)
    let nonsense = ["/proc/self/cgroup": "a\n:\n0::", "/proc/self/mountinfo": "- -\n1 2 3 - cgroup2\n"]
    #expect(group(nonsense).processors == nil && group(nonsense).memoryLimit == nil)
  }

  @Test("leave memory budgets of a sixth each, and never more than 256 or 512 MiB")
  func budgets() {
    #expect(MemoryBudgets(limit: nil).bodies == 256 << 20)
    #expect(MemoryBudgets(limit: 768 << 20).bodies == 128 << 20)
    #expect(MemoryBudgets(limit: 768 << 20).images == 128 << 20)
    #expect(MemoryBudgets(limit: 768 << 20).decoding == 128 << 20)
    #expect(MemoryBudgets(limit: 64 << 30).images == 256 << 20)
    #expect(MemoryBudgets(limit: 64 << 30).decoding == 512 << 20)
  }
}
