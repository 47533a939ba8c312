/* SPDX-License-Identifier: MIT */
/* Clang's thread-safety analysis of threading.hpp: right uses that it accepts, and mistakes, chosen by a macro. */
#include "threading.hpp"

class Account
{
  public:
    void deposit(int amount)
    {
        threading::Guard held(lock_);
        balance_ += amount;
    }

    void deposit_by_hand(int amount)
    {
        lock_.lock();
        balance_ += amount;
#if !defined(MISSING_RELEASE)
        lock_.unlock();
#endif
    }

    bool deposit_soon(int amount)
    {
        if (!lock_.try_lock_for(std::chrono::milliseconds(5)))
            return false;
        balance_ += amount;
        lock_.unlock();
        return true;
    }

    bool deposit_as_in_c(int amount)
    {
        if (lock_.try_acquire())
            return false;
        balance_ += amount;
        lock_.release();
        return true;
    }

    int peek()
    {
#if !defined(UNGUARDED)
        threading::Guard held(lock_);
#endif
        return balance_;
    }

  private:
    threading::Lock lock_;
    int balance_ __attribute__((guarded_by(lock_))) = 0;
};

int main()
{
    Account account;
    account.deposit(1);
    account.deposit_by_hand(2);
    return account.deposit_soon(3) && account.deposit_as_in_c(4) ? account.peek() : 0;
}
