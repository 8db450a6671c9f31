import CKernels
import Synchronization

/// Runs a ``Plan``, one run at a time. Owns the memory of a run and allocates all of it in `init`.
package struct Executor: ~Copyable {
  /// The network for the input size of the current run.
  package private(set) var plan: Plan
  /// Maximum number of images in one run.
  package let capacity: Int
  private let pool: WorkerPool
  private var memory: UnsafeMutablePointer<Float>
  private var scratch: UnsafeMutablePointer<Float>
  /// Allocated floats for each image and each thread; a plan may need fewer.
  private var memorySize: Int
  private var scratchSize: Int
  /// For each step, the next unit to take.
  private let nextUnits: UnsafeMutablePointer<Atomic<Int>>
  /// For each step, the number of finished units.
  private let unitsDone: UnsafeMutablePointer<Atomic<Int>>
  private let nextImage = Atomic<Int>(0)
  private let images: UnsafeMutablePointer<UnsafePointer<Float>>

  package init(_ plan: Plan, capacity: Int = 1, pool: WorkerPool) {
    precondition(capacity > 0, "an executor runs at least one image")
    self.plan = plan
    self.capacity = capacity
    self.pool = pool
    memorySize = plan.memorySize
    scratchSize = plan.scratchSize
    memory = Executor.allocate(memorySize * capacity)
    scratch = Executor.allocate(scratchSize * pool.threadCount)
    images = .allocate(capacity: capacity)
    nextUnits = .allocate(capacity: plan.steps.count)
    unitsDone = .allocate(capacity: plan.steps.count)
    for index in plan.steps.indices {
      (nextUnits + index).initialize(to: Atomic(0))
      (unitsDone + index).initialize(to: Atomic(0))
    }
  }

  deinit {
    memory.deallocate()
    scratch.deallocate()
    images.deallocate()
    nextUnits.deinitialize(count: plan.steps.count)
    nextUnits.deallocate()
    unitsDone.deinitialize(count: plan.steps.count)
    unitsDone.deallocate()
  }

  /// Runs the network on `inputs`, at most ``capacity`` images of the plan's shape `[C, H, W]`.
  ///
  /// The result of an image does not depend on the other images or on the number of threads: every output number is
  /// computed by the same additions in the same order.
  ///
  /// - Parameter maskThreshold: where the deciding map of a mask (``GraphBuilder/mask(_:by:)``) is below this, the masked
  ///   value is undefined and not computed. `nil` to compute everything.
  package mutating func run(_ inputs: [Tensor], maskThreshold: Float? = nil) {
    precondition(inputs.count <= capacity, "\(inputs.count) images are more than the executor's \(capacity)")
    withPointers(to: inputs[...]) {
      // While there is an image for each thread, each thread runs whole images: no thread waits for another, and an image
      // stays in one processor's cache. The threads share the remaining images.
      let alone = inputs.count / pool.threadCount * pool.threadCount
      runAlone(0..<alone, maskThreshold: maskThreshold)
      runSteps(plan.steps.indices, images: alone..<inputs.count, maskThreshold: maskThreshold)
    }
  }

  /// Changes to the plan of the same network for another input size (``Plan/resized(height:width:)``). The sizes share the
  /// memory of a run, which grows only for a plan that needs more than all before.
  package mutating func use(_ plan: Plan) {
    guard plan !== self.plan else { return }
    precondition(plan.steps.count == self.plan.steps.count, "a plan of another network")
    self.plan = plan
    if plan.scratchSize > scratchSize {
      scratch.deallocate()
      scratchSize = plan.scratchSize
      scratch = Executor.allocate(scratchSize * pool.threadCount)
    }
    if plan.memorySize > memorySize {
      memory.deallocate()
      memorySize = plan.memorySize
      memory = Executor.allocate(memorySize * capacity)
    } else {
      // All other numbers that a run reads, it has written before.
      for image in 0..<capacity {
        (memory + image * memorySize + plan.imageMemory.lowerBound).update(
          repeating: 0, count: plan.imageMemory.count)
      }
    }
  }

  /// As ``run(_:maskThreshold:)``; measures each step.
  mutating func runTimed(_ inputs: [Tensor], maskThreshold: Float? = nil, _ report: (Int, Duration) -> Void) {
    precondition(inputs.count <= capacity, "\(inputs.count) images are more than the executor's \(capacity)")
    withPointers(to: inputs[...]) {
      for index in plan.steps.indices {
        let start = ContinuousClock.now
        runSteps(index..<index + 1, images: inputs.indices, maskThreshold: maskThreshold)
        report(index, start.duration(to: .now))
      }
    }
  }

  /// The memory of output `name` for image `image` of the last run, and its layout.
  package func withOutput<Result>(
    _ name: String, image: Int, _ body: (Span<Float>, BlockedLayout) -> Result
  ) -> Result {
    guard let output = plan.outputs[name] else { preconditionFailure("the network has no output '\(name)'") }
    precondition(image < capacity, "image \(image) is beyond the executor's \(capacity)")
    let start = memory + image * memorySize + output.offset
    let layout = output.layout
    let span = UnsafeBufferPointer(
      start: start, count: (layout.firstBlock + layout.blocks) * layout.blockStride
    ).span
    return body(span, layout)
  }

  /// Zeroed, because borders that no step writes must be zero.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    let floats = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    floats.initialize(repeating: 0, count: max(count, 1))
    return floats
  }

  /// Fills `images` with pointers into the tensors, which stay valid while `body` runs.
  private func withPointers(to inputs: ArraySlice<Tensor>, _ body: () -> Void) {
    guard let first = inputs.first else { return body() }
    precondition(first.shape == plan.inputShape, "an image is \(first.shape) instead of \(plan.inputShape)")
    first.values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress { images[inputs.startIndex] = base }
      withPointers(to: inputs.dropFirst(), body)
    }
  }

  /// Every thread runs whole images, one at a time.
  private func runAlone(_ range: Range<Int>, maskThreshold: Float?) {
    guard !range.isEmpty else { return }
    nextImage.store(range.lowerBound, ordering: .relaxed)
    pool.run { worker in
      while true {
        let image = nextImage.add(1, ordering: .relaxed).oldValue
        guard image < range.upperBound else { return }
        for step in plan.steps {
          for unit in 0..<step.units {
            run(step, unit: unit, image: image, worker: worker, maskThreshold: maskThreshold)
          }
        }
      }
    }
  }

  /// All threads share the units of each step. A step begins when all units of the previous step are done, so a preempted
  /// thread delays the others only by its current unit.
  private func runSteps(_ range: Range<Int>, images: Range<Int>, maskThreshold: Float?) {
    guard !images.isEmpty else { return }
    for index in range {
      nextUnits[index].store(0, ordering: .relaxed)
      unitsDone[index].store(0, ordering: .relaxed)
    }
    pool.run { worker in
      for index in range {
        let step = plan.steps[index]
        let units = step.units
        let total = units * images.count
        while true {
          let next = nextUnits[index].add(1, ordering: .relaxed).oldValue
          guard next < total else { break }
          let (image, unit) = next.quotientAndRemainder(dividingBy: units)
          run(
            step, unit: unit, image: images.lowerBound + image, worker: worker, maskThreshold: maskThreshold)
          unitsDone[index].add(1, ordering: .releasing)
        }
        spin { unitsDone[index].load(ordering: .acquiring) == total }
      }
    }
  }

  private func run(_ step: Step, unit: Int, image: Int, worker: Int, maskThreshold: Float?) {
    step.run(
      unit: unit, kernels: plan.kernels, memory: memory + image * memorySize,
      scratch: scratch + worker * scratchSize, pixels: images[image], maskThreshold: maskThreshold)
  }
}
