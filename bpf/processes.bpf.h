/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which processes and tasks are traced, and what becomes of them: fork, exec, exit, and the
 * dynamic linker's breakpoint. What the loader must act on it is told by a notice; a process is
 * held with SIGSTOP where the loader must attach to it before it goes on.
 */
#ifndef ASYNCSPAN_PROCESSES_BPF_H
#define ASYNCSPAN_PROCESSES_BPF_H

#include "environment.bpf.h"

#include "rules.h" /* on top of the environment */

#define SIGSTOP 19
#define SIGNAL_GROUP_EXIT 0x00000004 /* linux/sched/signal.h */
#define RT_CONSISTENT 0		     /* link.h: struct r_debug */
#define R_STATE_OFFSET 24

/* struct signal_struct had group_exec_task under this name before 5.17. */
struct signal_struct___before_5_17 {
	struct task_struct *group_exit_task;
};

static __always_inline void poll_ended(const struct model_context *context,
				       const struct model_span *span)
{
	struct record_poll *record;

	if (!send_polls)
		return;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		model_count(MODEL_POLL_LOST);
		return;
	}
	record->kind = RECORD_POLL;
	record->stream = span->owner;
	record->key = span->key;
	record->begin_time = span->entered_time;
	record->end_time = context->now;
	record->cpu = context->cpu;
	record->padding = 0;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline void notice_send(__u32 kind, __u32 pid, __u64 process)
{
	struct record_notice *notice = bpf_ringbuf_reserve(&notices, sizeof(*notice), 0);

	if (!notice) /* the tables say it too, and the loader looks there now and then */
		return;
	notice->kind = kind;
	notice->pid = pid;
	notice->process = process;
	notice->held = 0;
	notice->padding = 0;
	bpf_ringbuf_submit(notice, BPF_RB_FORCE_WAKEUP);
}

/* The signal goes out before the notice, or the answer to it could overtake it. */
static __always_inline void notice_send_held(__u32 kind, __u32 pid, __u64 process)
{
	struct record_notice *notice = bpf_ringbuf_reserve(&notices, sizeof(*notice), 0);

	if (!notice) {
		model_count(MODEL_HOLD_LOST);
		return;
	}
	notice->kind = kind;
	notice->pid = pid;
	notice->process = process;
	notice->held = 1;
	notice->padding = 0;
	if (!*(volatile bool *)&holding) {
		notice->held = 0;
	} else if (bpf_send_signal(SIGSTOP)) {
		model_count(MODEL_HOLD_LOST);
		notice->held = 0;
	}
	bpf_ringbuf_submit(notice, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void stream_add(struct task_state *state, struct task_struct *task)
{
	struct record_stream stream = {};
	__u32 number = state->model.stream;

	stream.process = state->process;
	stream.start_time = BPF_CORE_READ(task, start_boottime);
	stream.tid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(stream.comm, sizeof(stream.comm));
	if (bpf_map_update_elem(&streams, &number, &stream, BPF_ANY))
		model_count(MODEL_STREAM_LOST);
}

/* The state of the task that runs now; NULL: not traced, or its storage can't be had now. */
static __always_inline struct task_state *task_current(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	struct process_state *process;
	__u32 pid;

	if (state && state->process)
		return state;
	pid = bpf_get_current_pid_tgid() >> 32;
	process = bpf_map_lookup_elem(&processes, &pid);
	if (!process || !process->number)
		return NULL;
	if (!state)
		state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		model_count(MODEL_STORAGE_BUSY);
		return NULL;
	}
	if (!state->process) {
		state->process = process->number;
		state->location_generation = process->location_generation;
		state->model.stream = __sync_fetch_and_add(&next_stream, 1);
		state->model.count = 0;
		stream_add(state, task);
	}
	return state;
}

static __always_inline struct model_context context_of(struct task_state *state)
{
	struct model_context context = {
		.task = &state->model,
		.process = state->process,
		.now = bpf_ktime_get_ns(),
		.cpu = bpf_get_smp_processor_id(),
	};

	return context;
}

static __always_inline int image_add(__u64 number, struct task_struct *task, __u64 parent,
				     __u32 follow)
{
	struct record_image image = {};

	image.parent = parent;
	image.start_time = BPF_CORE_READ(task, group_leader, start_boottime);
	image.begin_time = bpf_ktime_get_ns();
	image.pid = BPF_CORE_READ(task, tgid);
	image.parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	image.exec_generation = BPF_CORE_READ(task, self_exec_id);
	image.followed = follow;
	BPF_CORE_READ_STR_INTO(&image.comm, task, comm);
	return bpf_map_update_elem(&images, &number, &image, BPF_ANY);
}

static __always_inline void image_end(__u64 number, __u32 how, __s32 exit_code)
{
	struct record_image *image = bpf_map_lookup_elem(&images, &number);

	if (!image)
		return;
	image->end_time = bpf_ktime_get_ns();
	image->exit_code = exit_code;
	image->state = how;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid, pid = child->tgid;
	struct process_state *process, state = {};

	if (pid == parent_pid)
		return 0;
	process = bpf_map_lookup_elem(&processes, &parent_pid);
	if (!process || !process->follow || !process->number)
		return 0;
	state.number = __sync_fetch_and_add(&next_image, 1);
	state.follow = 1;
	if (image_add(state.number, child, process->number, 1)) {
		model_count(MODEL_PROCESS_LOST);
		return 0;
	}
	if (bpf_map_update_elem(&processes, &pid, &state, BPF_ANY)) {
		bpf_map_delete_elem(&images, &state.number);
		model_count(MODEL_PROCESS_LOST);
		return 0;
	}
	notice_send(RECORD_NOTICE_FORK, pid, state.number);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	__u32 pid = task->tgid;
	struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
	__u64 number;

	if (!process)
		return 0;
	if (state && state->process) {
		struct model_context context = context_of(state);

		model_task_end(&context, 1);
		state->process = 0;
	}
	number = __sync_fetch_and_add(&next_image, 1);
	if (image_add(number, task, process->number, process->follow)) {
		model_count(MODEL_PROCESS_LOST);
		bpf_map_delete_elem(&processes, &pid);
		return 0;
	}
	if (process->number)
		image_end(process->number, RECORD_IMAGE_REPLACED, 0);
	process->number = number;
	process->location_generation = 0;
	notice_send_held(RECORD_NOTICE_EXEC, pid, number);
	return 0;
}

/* True where the process, not this thread alone, is at its end: by exit, a signal, or an exec. */
static __always_inline bool process_ending(struct signal_struct *signal)
{
	struct signal_struct___before_5_17 *old = (void *)signal;

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return true;
	if (BPF_CORE_READ(signal, live.counter) == 0)
		return true;
	if (bpf_core_field_exists(signal->group_exec_task))
		return BPF_CORE_READ(signal, group_exec_task) != NULL;
	return BPF_CORE_READ(old, group_exit_task) != NULL;
}

static __always_inline void task_exit_send(struct task_state *state)
{
	struct record_task_exit *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) /* the name it had at first stays */
		return;
	record->kind = RECORD_TASK_EXIT;
	record->stream = state->model.stream;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, 0);
	__u32 pid = task->tgid;
	struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
	__s32 exit_code;
	__u64 number;

	if (state && state->process) {
		struct model_context context = context_of(state);
		bool whole = process_ending(signal);
		struct record_image *image = bpf_map_lookup_elem(&images, &state->process);

		/* The last threads end side by side: none of them after their process. */
		if (whole && image && image->state == RECORD_IMAGE_EXITED &&
		    image->end_time < context.now)
			context.now = image->end_time;
		model_task_end(&context, whole);
		task_exit_send(state);
	}
	if (!process)
		return 0;
	number = process->number;
	if (BPF_CORE_READ(signal, live.counter) != 0) {
		if (task->pid == task->tgid && !process_ending(signal))
			notice_send(RECORD_NOTICE_LEADER_EXIT, pid, number);
		return 0;
	}
	exit_code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ?
			    BPF_CORE_READ(signal, group_exit_code) :
			    BPF_CORE_READ(task, exit_code);
	image_end(number, RECORD_IMAGE_EXITED, exit_code);
	if (bpf_map_delete_elem(&processes, &pid))
		return 0; /* another thread of it was the last as well */
	notice_send(RECORD_NOTICE_EXIT, pid, number);
	return 0;
}

/*
 * The dynamic linker's breakpoint, where debuggers learn of objects that came or went. The
 * attach cookie is the distance from here to its struct r_debug, whose state says whether the
 * change is complete; 0 where that can't be told.
 */
SEC("uprobe")
int objects_changed(struct pt_regs *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process_state *process = bpf_map_lookup_elem(&processes, &pid);
	__u64 distance = bpf_get_attach_cookie(ctx);
	__u64 debug = PT_REGS_IP(ctx) + distance;
	__u32 r_state = RT_CONSISTENT;

	if (!process || !process->number)
		return 0;
	if (distance)
		bpf_probe_read_user(&r_state, sizeof(r_state),
				    (const void *)(debug + R_STATE_OFFSET));
	if (r_state != RT_CONSISTENT)
		return 0;
	__sync_fetch_and_add(&process->location_generation, 1);
	__sync_fetch_and_add(&location_epoch, 1);
	notice_send_held(RECORD_NOTICE_OBJECTS, pid, process->number);
	return 0;
}

/* At the end of a trace, when no probe is attached any more: polls that are open end now. */
SEC("iter/task")
int close_polls(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_state *state;
	struct model_context context;

	if (!task)
		return 0;
	state = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (!state || !state->process)
		return 0;
	context = context_of(state);
	model_task_end(&context, 1);
	state->process = 0;
	return 0;
}

/* What the loader must know of a process that runs already: a record_image for each. */
SEC("iter/task")
int list_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct record_image image = {};

	if (!task || task->pid != task->tgid)
		return 0;
	image.start_time = BPF_CORE_READ(task, start_boottime);
	image.pid = task->tgid;
	image.parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	image.exec_generation = BPF_CORE_READ(task, self_exec_id);
	BPF_CORE_READ_STR_INTO(&image.comm, task, comm);
	bpf_seq_write(ctx->meta->seq, &image, sizeof(image));
	return 0;
}

#endif
