// What training needs of MPI 3.1, without the macros that Swift cannot see. All calls come from one thread.
#pragma once

#include <mpi.h>

typedef MPI_Request ym_request;

// 0, or an error of MPI's.
static inline int ym_start(int *rank, int *count) {
  int provided;
  int status = MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &provided);
  if (status != MPI_SUCCESS) return status;
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  return MPI_Comm_size(MPI_COMM_WORLD, count);
}

static inline void ym_finish(void) { MPI_Finalize(); }

// Ends all processes: the others would wait for this one for ever.
static inline void ym_abort(void) { MPI_Abort(MPI_COMM_WORLD, 1); }

// Every process's values become the sum of all. An error ends the job, which is MPI's default.
static inline void ym_sum(double *values, int count) {
  MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

// The same, done while the caller goes on; `values` must be left alone until ym_wait.
static inline ym_request ym_begin_sum(float *values, int count) {
  MPI_Request request;
  MPI_Iallreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &request);
  return request;
}

static inline void ym_wait(ym_request request) { MPI_Wait(&request, MPI_STATUS_IGNORE); }

// Lets sums that have begun make progress.
static inline int ym_test(ym_request *request) {
  int is_done;
  MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
  return is_done;
}
