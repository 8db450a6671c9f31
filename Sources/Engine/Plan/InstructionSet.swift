import CKernels

/// An instruction set that the kernels were compiled for and that this processor can run. The list is CKernels'
/// `instruction_sets.h`; Swift code tests capabilities, never names.
package struct InstructionSet: Sendable, Equatable, CustomStringConvertible {
  /// The value of `YOLOX_ISA` and ``PlanOptions/instructionSet``, for example `avx2`.
  package let name: String
  /// Whether one instruction multiplies pairs of bfloat16.
  package let hasBFloat16Dot: Bool
  /// Whether one instruction multiplies four bytes by four bytes and adds the products.
  package let hasVNNI: Bool
  /// Whether int8 takes less time than float32.
  package let isInt8Fast: Bool

  let kernels: yx_kernels
  let quantizedKernels: yx_quantized_kernels
  let peak: yx_peak_loops

  private init(_ row: yx_instruction_set) {
    name = String(cString: row.name)
    hasBFloat16Dot = row.capabilities & YX_HAS_BF16_DOT.rawValue != 0
    hasVNNI = row.capabilities & YX_HAS_VNNI.rawValue != 0
    isInt8Fast = row.capabilities & YX_INT8_IS_FAST.rawValue != 0
    kernels = row.kernels.pointee
    quantizedKernels = row.quantized_kernels.pointee
    peak = row.peak.pointee
  }

  package static func == (a: InstructionSet, b: InstructionSet) -> Bool { a.name == b.name }

  package var description: String { name }

  /// The instruction sets that this processor can run, fastest first; the last, `portable`, runs everywhere.
  package static var available: [InstructionSet] {
    var sets: [InstructionSet] = []
    var row = yx_available_instruction_sets()
    while let set = row?.pointee {
      sets.append(InstructionSet(set.pointee))
      row = row?.successor()
    }
    return sets
  }

  /// The value of `YOLOX_ISA` in the environment; `nil` if absent or empty.
  package static var requested: String? { yx_requested_instruction_set().map { String(cString: $0) } }

  /// Returns the instruction set of that name.
  ///
  /// - Throws: ``PlanError/instructionSet(_:available:)`` if the name is unknown or this processor cannot run the set. A
  ///   silent fallback to a slower one would falsify measurements.
  package static func named(_ name: String) throws(PlanError) -> InstructionSet {
    guard let row = yx_instruction_set_named(name) else {
      throw .instructionSet(name, available: available.map(\.name))
    }
    return InstructionSet(row.pointee)
  }

  /// Returns the requested instruction set, or the fastest.
  ///
  /// - Parameter requested: a name, by default from the environment.
  /// - Throws: as ``named(_:)``.
  package static func selected(_ requested: String? = requested) throws(PlanError) -> InstructionSet {
    if let requested { return try named(requested) }
    guard let fastest = available.first else {
      throw .unsupported(path: "instruction set", reason: "no kernels were built for this processor")
    }
    return fastest
  }

  /// Whether this instruction set computes faster with `precision` than with float32.
  package func isFast(_ precision: Precision) -> Bool {
    switch precision {
    case .float32: true
    case .bfloat16: hasBFloat16Dot
    case .int8: isInt8Fast
    }
  }
}

extension Precision {
  /// Whether the selected instruction set computes faster with this precision than with float32. With an invalid
  /// `YOLOX_ISA`, which every plan rejects, `false` except for float32.
  package var isFast: Bool {
    guard let set = try? InstructionSet.selected() else { return self == .float32 }
    return set.isFast(self)
  }
}
