import CKernels

/// A set of processor instructions that the kernels were compiled for and that this machine can run. The list of them
/// is CKernels' `instruction_sets.h`; code here asks for capabilities, never for names.
package struct InstructionSet: Sendable, Equatable, CustomStringConvertible {
  /// For example `avx2`: what `YOLOX_ISA` and ``PlanOptions/instructionSet`` call it.
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

  /// Those that this machine can run, fastest first; `portable`, the last, runs everywhere.
  package static var available: [InstructionSet] {
    var sets: [InstructionSet] = []
    var row = yx_available_instruction_sets()
    while let set = row?.pointee {
      sets.append(InstructionSet(set.pointee))
      row = row?.successor()
    }
    return sets
  }

  /// What `YOLOX_ISA` in the environment asks for; `nil` where it is absent or empty.
  package static var requested: String? { yx_requested_instruction_set().map { String(cString: $0) } }

  /// The instruction set of that name.
  ///
  /// - Throws: ``PlanError/instructionSet(_:available:)`` where there is none of that name or this machine cannot run
  ///   it: a slower one in its place would make every measurement wrong without a word.
  package static func named(_ name: String) throws(PlanError) -> InstructionSet {
    guard let row = yx_instruction_set_named(name) else {
      throw .instructionSet(name, available: available.map(\.name))
    }
    return InstructionSet(row.pointee)
  }

  /// The one that is asked for, or the fastest.
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
  /// Whether the selected instruction set computes faster with it than with float32. `false` but for float32 where
  /// `YOLOX_ISA` names none, which every plan then rejects.
  package var isFast: Bool {
    guard let set = try? InstructionSet.selected() else { return self == .float32 }
    return set.isFast(self)
  }
}
